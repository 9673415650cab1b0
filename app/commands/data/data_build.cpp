// cambium data build: makes a corpus from a recipe.
#include <algorithm>
#include <filesystem>

#include "app/command.h"
#include "app/run.h"
#include "app/tables/data/corpus_table.h"
#include "app/tables/data/workers_view.h"
#include "app/tables/train_view.h"
#include "core/system/cancel.h"
#include "core/text/json.h"
#include "data/assembly/build.h"

namespace cambium::command_data_build {
namespace {
struct Options {
  std::string recipe, folder, progress = "auto";
  int64_t jobs = 0;
};

bool holds_no_text(const Manifest& m) {
  return std::ranges::none_of(m.shards, [](const CorpusShard& s) { return s.text_bytes > 0; });
}

int build(const Options& o, Context& context) {
  const Recipe recipe = load_recipe(o.recipe, context.set);
  const std::string folder = o.folder.empty()
                                 ? str("corpora/", std::filesystem::path(o.recipe).stem().string())
                                 : o.folder;
  const CancelScope stops;
  const Stopwatch clock;
  BuiltCorpus built;
  try {
    built = build_corpus(recipe, folder, workers_of(o.jobs, o.progress, context.terminal));
  } catch (const Stopped&) {
    context.terminal.end_status();
    context.terminal.note("stopped; the same command goes on where this one ended");
    return kExitInterrupted;
  }
  context.terminal.end_status();
  if (built.began_anew)
    context.terminal.note("note    the recipe or its files have changed: begun anew");
  const Manifest& m = built.manifest;
  if (holds_no_text(m))
    context.terminal.note("note    nothing is left to learn from: the table says what dropped it");
  Json json = m.json();
  json["folder"] = folder;
  json["was_there"] = built.was_there;
  context.answer(json, str(steps_table(m), "\n", shares_table(m), "\n",
                           built.was_there ? "was there   " : "corpus   ", folder, "\n"));
  return kExitOk;
}
}  // namespace

extern const Command command_data_build = {
    .name = "data build",
    .doc = "make a corpus from a recipe: sources, steps, splits, shards",
    .examples = {"cambium data build configs/data/python_text.yaml -o corpora/text",
                 "zcat web.jsonl.gz | cambium data build recipe.yaml -o corpora/web   # path: -",
                 "cambium data build recipe.yaml --set split.test=2% --jobs 2"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("RECIPE", o->recipe, "sources: and what is done to them");
      line.text("-o,--output", o->folder, "DIR",
                "the corpus's folder; corpora/<recipe> unless told");
      line.whole("--jobs", o->jobs, 1,
                 "parts side by side; one a core unless told. The bytes are the same");
      declare_progress(line, o->progress);
      return [o](Context& context) { return build(*o, context); };
    },
};
}  // namespace cambium::command_data_build
