// cambium tune: chooses settings by trials.
#include <filesystem>

#include "app/command.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "app/tables/study/tuning_table.h"
#include "app/tables/study_view.h"
#include "core/system/cancel.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "search/runs/compare.h"
#include "search/store/folder_content.h"
#include "search/study/tune_settings.h"
#include "viz/tuning/tuning_page.h"

namespace cambium::command_tune {
namespace {
struct Options {
  std::string study, folder, progress = "auto";
  int64_t jobs = 0;
};

void need_tune(const Study& study) {
  if (!study.tune)
    throw UserError(str("'", study.file, "' does not say what may be chosen"),
                    "add tune: {space: {train.optimizer.adamw.lr: {log: [1e-4, 1e-2]}}, trials: "
                    "12}, or compare its variants as they are with `cambium compare`");
}

// A model file with the values that were chosen: what was trained but for the seed.
std::string write_spec(const StudyPlan& plan, const Variant& variant, const std::string& folder) {
  const std::string path = str(folder, "/tuned/", variant.name, ".yaml");
  make_folders(folder + "/tuned");
  const PlannedVariant& planned = plan.at(variant.name);
  replace_file(path, to_yaml(planned.spec.root));
  return path;
}

int tune(const Options& options, Context& context) {
  refuse_folder_as_study(options.study);
  Study study = load_study(options.study, context.set);
  need_tune(study);
  CompareSettings settings;
  settings.folder = options.folder.empty()
                        ? str("studies/", std::filesystem::path(options.study).stem().string())
                        : options.folder;
  require_folder_for(FolderContent::kComparison, settings.folder);
  settings.command = context.command;
  settings.jobs = options.jobs;
  settings.stop = cancel_requested;
  settings.only_tune = true;
  StudyView view(context.terminal, progress_mode(options.progress, context.terminal));
  const Comparison c = compare(std::move(study), settings, view);
  view.finish();
  if (c.stopped) {
    context.terminal.note("stopped; the same command goes on where this one ended");
    return kExitInterrupted;
  }
  const StudyPlan tuned = plan_study(c.plan.study);
  std::string text = tuning_table(*c.tuning);
  Json json = {{"folder", settings.folder}, {"variants", Json::array()}};
  for (const Variant& v : tuned.study.variants) {
    const std::string path = write_spec(tuned, v, settings.folder);
    text += str("tuned   ", path, "\n");
    const TunedVariant& t = *c.tuning->find(v.name);
    Json chosen = Json::object();
    for (const TunedValue& value : t.chosen) chosen[value.path] = value.text;
    json["variants"].push_back({{"name", v.name},
                                {"spec", path},
                                {"chosen", chosen},
                                {"value", t.trials[size_t(t.best)].values.back()}});
  }
  const std::string report = settings.folder + "/report.html";
  if (!file_exists(settings.folder + "/study.json"))  // else the page of what was judged stays
    replace_file(report, tuning_page(settings.folder, *c.tuning));
  json["report"] = report;
  context.answer(json, str(text, "report  ", report, "\n"));
  return kExitOk;
}
}  // namespace

extern const Command command_tune = {
    .name = "tune",
    .doc = "choose settings of a model, or of every variant, by trials on validation data",
    .examples = {"cambium tune my_tuning.yaml    # base:, tune: and a budget:",
                 "cambium tune my_study.yaml --jobs 2   # compare goes on in the same folder"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("STUDY", o->study, "a study with tune: what may be chosen, and how many trials");
      line.text("-o,--output", o->folder, "DIR", "where results go; studies/<study> unless told");
      line.whole("--jobs", o->jobs, 1,
                 "runs side by side, one thread each; one a core unless told");
      declare_progress(line, o->progress);
      return [o](Context& context) { return tune(*o, context); };
    },
};
}  // namespace cambium::command_tune
