#include "app/tables/state_line.h"

#include "core/text/json.h"
#include "viz/plot/text.h"

namespace cambium {
std::string to_text(const GenerationState& state) {
  if (!state.needs_all.empty())
    return str("state of a sequence while generating: none, every symbol needs the whole again: ",
               state.needs_all, "\n");
  const int64_t growing = state.bytes - state.fixed_bytes;
  return str("state of a sequence while generating: ", memory_text(double(state.bytes)), " after ",
             state.context, " symbols",
             growing == 0 ? ", as much as after the first"
             : growing == state.bytes
                 ? ", growing with each"
                 : str(", ", memory_text(double(growing)), " of it growing with each"),
             "\n");
}

Json to_json(const GenerationState& state) {
  if (!state.needs_all.empty()) return {{"needs_all", state.needs_all}};
  return {{"context", state.context}, {"bytes", state.bytes}, {"fixed_bytes", state.fixed_bytes}};
}
}  // namespace cambium
