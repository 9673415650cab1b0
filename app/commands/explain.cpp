// cambium explain: one word, explained.
#include <algorithm>

#include "app/command.h"
#include "app/run.h"
#include "app/tables/block_examples.h"
#include "app/tables/catalogue.h"
#include "app/tables/table.h"
#include "blocks/compose/phrases.h"
#include "core/text/json.h"
#include "core/text/suggest.h"
#include "core/text/synonyms.h"
#include "viz/plot/text.h"

namespace cambium::command_explain {
namespace {
// Uses of the block that its tests build too, with shapes and cost, and a spec that runs.
void add_uses(const std::string& name, std::string& text, Json& json) {
  const auto block =
      std::ranges::find(builtin_blocks(), name, [](const Block* b) { return b->name; });
  if ((*block)->samples.empty()) return;  // it needs a file
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

int list_all(Context& context) {
  const std::vector<CatalogueEntry> all = catalogue();
  Json json = Json::array();
  for (const CatalogueEntry& e : all) json.push_back({{"kind", e.kind}, {"name", e.name}});
  context.answer(json, index_text(all));
  return kExitOk;
}

[[noreturn]] void refuse(const std::string& name, const std::vector<CatalogueEntry>& all) {
  std::vector<std::string> known, blocks;
  for (const CatalogueEntry& e : all) {
    if (!std::ranges::count(known, e.name)) known.push_back(e.name);
    if (e.kind == "block") blocks.push_back(e.name);
  }
  const std::string phrase = meant_names(name, blocks).empty() ? block_phrase(name) : "";
  const bool near = !nearest_names(name, known).empty();
  throw UserError(str("nothing is called '", name, "'"),
                  !phrase.empty() ? str("in a model, write - ", phrase)
                  : near          ? suggestion(name, known)
                                  : "`cambium explain` lists everything that can be explained");
}

int explain(const std::string& name, Context& context) {
  const std::vector<CatalogueEntry> all = catalogue();
  std::string text;
  Json json = Json::array();
  for (const CatalogueEntry& e : all) {
    if (e.name != name) continue;
    text += str(text.empty() ? "" : "\n", page_text(e));
    json.push_back(to_json(e));
    if (e.kind == "block") add_uses(name, text, json.back());
  }
  if (const std::string kind = kind_named(name); text.empty() && !kind.empty()) {
    const auto entries = catalogue_of(kind);
    for (const CatalogueEntry& e : entries) json.push_back(to_json(e));
    text = kind_text(entries);
  }
  if (text.empty()) {
    text = option_text(all, name);
    for (const CatalogueEntry& e : all)
      if (std::ranges::count(e.options, name, &FieldInfo::name)) json.push_back(to_json(e));
  }
  if (text.empty()) refuse(name, all);
  context.answer(json, text);
  return kExitOk;
}
}  // namespace

extern const Command command_explain = {
    .name = "explain",
    .doc = "explain anything a spec can say, a command or a topic; without a name, list them all",
    .examples = {"cambium explain", "cambium explain attention", "cambium explain datasets",
                 "cambium explain share", "cambium explain lr"},
    .declare = [](CommandLine& line) -> Action {
      auto name = std::make_shared<std::string>();
      line.word("NAME", *name, "what to explain; everything there is unless told", false);
      return [name](Context& context) {
        return name->empty() ? list_all(context) : explain(*name, context);
      };
    },
};
}  // namespace cambium::command_explain
