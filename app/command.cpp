#include "app/command.h"

#include "core/text/json.h"

namespace cambium {
void Context::answer(const Json& json, std::string_view text) {
  terminal.print(terminal.json ? to_text(json, 2) + "\n" : std::string(text));
}
}  // namespace cambium
