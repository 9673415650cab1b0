// cambium data diff: what tells two corpora apart.
#include "app/command.h"
#include "app/run.h"
#include "app/tables/data/corpus_table.h"
#include "core/text/json.h"
#include "data/assembly/contents.h"

namespace cambium::command_data_diff {
namespace {
struct Options {
  std::string first, second;
};

Json documents_json(const std::vector<SampledDocument>& documents) {
  Json out = Json::array();
  for (const SampledDocument& d : documents)
    out.push_back({{"source", d.source}, {"id", d.id}, {"text", d.text}});
  return out;
}

std::string only_text(const std::string& folder, int64_t count,
                      const std::vector<SampledDocument>& documents) {
  std::string out = str(count, " texts only in ", folder, documents.empty() ? "\n" : ", such as\n");
  for (const SampledDocument& d : documents)
    out += str("  ", d.source, " ", d.id, ": ", excerpt(d.text), "\n");
  return out;
}

int diff(const Options& o, Context& context) {
  const Manifest a = load_manifest(o.first), b = load_manifest(o.second);
  const CorpusDifference d = compare_corpora(o.first, o.second);
  const bool same_recipe = a.recipe_hash == b.recipe_hash;
  std::string text =
      str(d.both, " texts in both",
          d.moved > 0 ? str(", ", d.moved,
                            " of them in "
                            "another part")
                      : "",
          "\n", only_text(o.first, d.only_first, d.of_first),
          only_text(o.second, d.only_second, d.of_second),
          a.content() == b.content() ? "the shards are the same, byte for byte\n" : "",
          same_recipe ? "one recipe\n" : "the recipes differ:\n");
  if (!same_recipe) text += recipe_difference(a.recipe, b.recipe);
  context.answer({{"both", d.both},
                  {"moved", d.moved},
                  {"only_first", d.only_first},
                  {"only_second", d.only_second},
                  {"first", documents_json(d.of_first)},
                  {"second", documents_json(d.of_second)},
                  {"same_bytes", a.content() == b.content()},
                  {"same_recipe", same_recipe}},
                 text);
  return kExitOk;
}
}  // namespace

extern const Command command_data_diff = {
    .name = "data diff",
    .doc = "what tells two corpora apart: texts that one of them lacks, parts, recipes",
    .examples = {"cambium data diff corpora/raw corpora/clean"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("A", o->first, "the folder of a corpus");
      line.word("B", o->second, "another one");
      return [o](Context& context) { return diff(*o, context); };
    },
};
}  // namespace cambium::command_data_diff
