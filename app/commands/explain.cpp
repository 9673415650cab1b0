// cambium explain: one word, explained.
#include <algorithm>

#include "app/catalogue.h"
#include "app/command.h"
#include "app/run.h"
#include "core/json.h"
#include "core/suggest.h"

namespace cambium {
namespace {
int explain(const std::string& name, Context& context) {
  std::vector<std::string> known;
  std::string text;
  Json json = Json::array();
  for (const CatalogueEntry& e : catalogue()) {
    if (!std::ranges::count(known, e.name)) known.push_back(e.name);
    if (e.name != name) continue;
    text += str(text.empty() ? "" : "\n", page_text(e));
    json.push_back(to_json(e));
  }
  if (text.empty()) {
    const bool near = !nearest_names(name, known).empty();
    throw UserError(
        str("nothing is called '", name, "'"),
        near ? suggestion(name, known) : "`cambium blocks` and `cambium ops` list the names");
  }
  context.answer(json, text);
  return kExitOk;
}
}  // namespace

extern const Command command_explain = {
    .name = "explain",
    .doc = "explain a block, operator, dataset, optimizer, schedule, command or topic",
    .examples = {"cambium explain attention", "cambium explain domain", "cambium explain nan"},
    .declare = [](CommandLine& line) -> Action {
      auto name = std::make_shared<std::string>();
      line.word("NAME", *name, "what to explain");
      return [name](Context& context) { return explain(*name, context); };
    },
};
}  // namespace cambium
