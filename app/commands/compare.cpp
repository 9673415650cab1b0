// cambium compare: trains every variant of a study with every seed and says who is better.
#include <filesystem>

#include "app/command.h"
#include "app/result_pages.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "app/tables/study/slices_table.h"
#include "app/tables/study/tasks_table.h"
#include "app/tables/study/tuning_table.h"
#include "app/tables/study_view.h"
#include "core/system/cancel.h"
#include "core/system/files.h"
#include "core/system/parallel.h"
#include "core/text/json.h"
#include "search/replay/table_study.h"
#include "search/store/folder_content.h"
#include "search/study/mix_goal.h"
#include "viz/report/verdict.h"

namespace cambium::command_compare {
namespace {
struct Options {
  std::string study, folder, progress = "auto";
  int64_t jobs = 0;
};

void refuse_search(const std::string& file, const std::vector<std::string>& set) {
  const Spec spec = load_spec(file, set);
  if (is_search(spec))
    throw UserError(str("'", file, "' is a search, and this compares variants"),
                    str("look through its space with `cambium search ", file, "`"),
                    spec.section("space")->mark);
}

// Tuning was stopped: nothing has been judged yet.
bool study_is_open(const Comparison& c) {
  return c.plan.study.tune && !c.tuning;
}

int compare_study(const Options& options, Context& context) {
  refuse_folder_as_study(options.study);
  refuse_search(options.study, context.set);
  Study study = load_study(options.study, context.set);
  if (study.scale)
    throw UserError(str("'", options.study, "' is a ladder, and this compares variants"),
                    str("train it with `cambium scale ", options.study, "`"), study.scale->mark);
  if (study.mix)
    throw UserError(str("'", options.study, "' tries mixtures, and this compares variants"),
                    str("train it with `cambium mix ", options.study, "`"), study.mix->mark);
  CompareSettings settings;
  settings.folder = options.folder.empty()
                        ? str("studies/", std::filesystem::path(options.study).stem().string())
                        : options.folder;
  require_folder_for(FolderContent::kComparison, settings.folder);
  settings.command = context.command;
  settings.jobs = options.jobs;
  settings.stop = cancel_requested;
  StudyView view(context.terminal, progress_mode(options.progress, context.terminal));
  const Comparison c = compare(std::move(study), settings, view);
  view.finish();
  if (c.stopped && study_is_open(c)) {
    context.terminal.note("stopped while tuning; the same command goes on where this one ended");
    return kExitInterrupted;
  }
  const std::string report = settings.folder + "/report.html";
  const StudyFolder read = read_study_folder(settings.folder);
  write_study_page(read);
  Json json = summary_json(c.results);
  json["verdict"] = verdict(read);
  if (c.tuning)
    json["tuning"] = {{"effort", effort_text(*c.tuning)}, {"advice", edge_advice(*c.tuning)}};
  if (Json slices = slices_json(read); !slices.empty()) json["slices"] = std::move(slices);
  json["folder"] = settings.folder;
  json["report"] = report;
  json["complete"] = c.results.complete;
  context.answer(json, str("\n", c.tuning ? tuning_table(*c.tuning) : "", "\n", results_table(c),
                           tasks_table(read), slices_table(read), "\n", verdict_text(read),
                           "\nreport  ", report, "\n"));
  const bool failed = !failures_text(c).empty();
  if (failed) context.terminal.raw_note(failures_text(c));
  if (c.stopped) {
    context.terminal.note("stopped; the same command goes on where this one ended");
    return kExitInterrupted;
  }
  return failed ? kExitRuntime : kExitOk;
}
}  // namespace

extern const Command command_compare = {
    .name = "compare",
    .doc = "train every variant of a study with every seed, fairly, and say who is better",
    .examples = {"cambium compare configs/studies/quickstart.yaml",
                 "cambium compare my_study.yaml -o studies/wide --set seeds=5 --jobs 2"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("STUDY", o->study, "a study spec: base, variants, budget, seeds, metric");
      line.text("-o,--output", o->folder, "DIR", "where results go; studies/<study> unless told");
      line.whole("--jobs", o->jobs, 1,
                 "runs side by side, one thread each; one a core unless told");
      declare_progress(line, o->progress);
      return [o](Context& context) { return compare_study(*o, context); };
    },
};
}  // namespace cambium::command_compare
