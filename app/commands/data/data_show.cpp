// cambium data show: what a corpus holds.
#include "app/command.h"
#include "app/run.h"
#include "app/tables/data/corpus_table.h"
#include "core/text/json.h"

namespace cambium::command_data_show {
namespace {
struct Options {
  std::string folder, rule;
  bool samples = false, recipe = false;
};

int show(const Options& o, Context& context) {
  const Manifest m = load_manifest(o.folder);
  std::string text = o.recipe ? m.recipe
                     : o.samples || !o.rule.empty()
                         ? samples_text(m, o.rule)
                         : str(version_line(m), steps_table(m), "\n", shares_table(m));
  if (text.empty())
    throw UserError(str("no step or rule '", o.rule, "' found anything in this corpus"),
                    "cambium data show FOLDER lists them");
  context.answer(m.json(), text);
  return kExitOk;
}
}  // namespace

extern const Command command_data_show = {
    .name = "data show",
    .doc = "what a corpus holds, and what each step and rule did to it",
    .examples = {"cambium data show corpora/docs", "cambium data show corpora/docs --samples",
                 "cambium data show corpora/docs --rule exact_duplicates",
                 "cambium data show corpora/docs --recipe"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("CORPUS", o->folder, "the folder of a corpus");
      line.flag("--samples", o->samples, "ten texts that each rule dropped or changed");
      line.text("--rule", o->rule, "NAME", "those of one step or rule");
      line.flag("--recipe", o->recipe, "the recipe it was built from");
      return [o](Context& context) { return show(*o, context); };
    },
};
}  // namespace cambium::command_data_show
