// cambium explain: one word, explained.
#include <algorithm>

#include "app/block_examples.h"
#include "app/catalogue.h"
#include "app/command.h"
#include "app/run.h"
#include "app/table.h"
#include "core/json.h"
#include "core/suggest.h"
#include "viz/text.h"

namespace cambium {
namespace {
// Uses of the block that its tests build too, with shapes and cost, and a spec that runs.
void add_uses(const std::string& name, std::string& text, Json& json) {
  const auto block =
      std::ranges::find(builtin_blocks(), name, [](const Block* b) { return b->name; });
  Table table({3, 4});
  json["uses"] = Json::array();
  for (const BlockExample& e : block_examples(**block)) {
    table.row({"    - " + e.yaml, e.in, "-> " + e.out, compact(double(e.parameters)),
               compact(e.forward_flops)});
    json["uses"].push_back({{"yaml", e.yaml},
                            {"in", e.in},
                            {"out", e.out},
                            {"parameters", e.parameters},
                            {"forward_flops", e.forward_flops}});
  }
  text += str("\n  uses: input, result, parameters, forward FLOPs\n", table.text());
  const std::string spec = runnable_spec(**block);
  json["spec"] = spec;
  text += "\n  a whole spec, for cambium train and graph\n";
  for (size_t at = 0; at < spec.size();) {
    const size_t end = spec.find('\n', at);
    text += str("    ", spec.substr(at, end - at), "\n");
    at = end + 1;
  }
}

int explain(const std::string& name, Context& context) {
  std::vector<std::string> known;
  std::string text;
  Json json = Json::array();
  for (const CatalogueEntry& e : catalogue()) {
    if (!std::ranges::count(known, e.name)) known.push_back(e.name);
    if (e.name != name) continue;
    text += str(text.empty() ? "" : "\n", page_text(e));
    json.push_back(to_json(e));
    if (e.kind == "block") add_uses(name, text, json.back());
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
    .doc = "explain a block, operator, dataset, optimizer, schedule, loss, command or topic",
    .examples = {"cambium explain attention", "cambium explain domain", "cambium explain nan"},
    .declare = [](CommandLine& line) -> Action {
      auto name = std::make_shared<std::string>();
      line.word("NAME", *name, "what to explain");
      return [name](Context& context) { return explain(*name, context); };
    },
};
}  // namespace cambium
