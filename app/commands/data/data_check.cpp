// cambium data check: recipes, and corpora against their manifests.
#include <filesystem>

#include "app/command.h"
#include "app/run.h"
#include "app/tables/data/corpus_table.h"
#include "core/system/threads.h"
#include "core/text/json.h"
#include "data/assembly/verify.h"
#include "data/recipe/recipe.h"
#include "viz/plot/text.h"

namespace cambium::command_data_check {
namespace {
Json check_corpus(const std::string& folder, std::string& text) {
  const Manifest m = verify_corpus(folder, {.count = thread_count()});
  int64_t documents = 0, bytes = 0;
  for (const CorpusShard& s : m.shards) {
    documents += s.documents;
    bytes += s.text_bytes;
  }
  text += str("ok  ", folder, ": ", documents, " documents, ", memory_text(double(bytes)), " in ",
              m.shards.size(), " shards, all as they were written\n");
  return {{"folder", folder}, {"documents", documents}, {"text_bytes", bytes}};
}

Json check_recipe(const std::string& path, const Context& context, std::string& text) {
  const Recipe recipe = load_recipe(path, context.set);
  text += recipe_line(recipe);
  return {{"recipe", path}, {"sources", recipe.sources.size()}, {"steps", recipe.steps.size()}};
}

int check(const std::vector<std::string>& names, Context& context) {
  Json all = Json::array();
  std::string text;
  for (const std::string& name : names)
    all.push_back(std::filesystem::is_directory(name) ? check_corpus(name, text)
                                                      : check_recipe(name, context, text));
  context.answer({{"ok", true}, {"checked", all}}, text);
  return kExitOk;
}
}  // namespace

extern const Command command_data_check = {
    .name = "data check",
    .doc = "whether a recipe can be read, and whether a corpus is finished and as it was written",
    .examples = {"cambium data check recipe.yaml", "cambium data check corpora/docs"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto names = std::make_shared<std::vector<std::string>>();
      line.words("WHAT", *names, "recipes and folders of corpora");
      return [names](Context& context) { return check(*names, context); };
    },
};
}  // namespace cambium::command_data_check
