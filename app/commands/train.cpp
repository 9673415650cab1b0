// cambium train: trains a model from a spec.
#include <filesystem>

#include "app/command.h"
#include "app/pass_choice.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "app/tables/train_view.h"
#include "core/system/cancel.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "train/run/run_folder.h"

namespace cambium::command_train {
namespace {
struct Options {
  std::string spec, run, progress = "auto";
  bool resume = false;
  std::optional<int64_t> seed;
  int64_t pause_at = 0;
  PassWords passes;
};

std::string default_folder(const Options& options, const Experiment& e) {
  const std::string stem = std::filesystem::path(options.spec).stem().string();
  return str("runs/", stem, "-s", e.train.options.seed);
}

// Who resumes expects a run: a folder that is not there is most likely misspelt. One that is there
// may have been stopped before its first checkpoint, or made by a script that always resumes.
void check_resume(const Options& options, const std::string& folder, Context& context) {
  if (!options.resume || has_checkpoint(folder)) return;
  if (!file_exists(folder)) {
    const std::string near = folder_suggestion(folder, "checkpoints/index.json", "");
    throw UserError(str("there is no run '", folder, "' to resume"),
                    near.starts_with("did you mean")
                        ? near
                        : "leave out --resume to begin it, or make the folder first");
  }
  context.terminal.note(
      str("note    '", folder, "' holds no checkpoint: the run begins at step 1"));
}

Json metrics_json(const std::optional<Metrics>& m) {
  return m ? to_json(*m) : Json(nullptr);
}

void answer(const RunResult& result, const std::string& folder, Context& context) {
  const RunState& s = result.state;
  std::string text;
  if (!result.done)
    text = str(result.paused ? "paused" : "stopped", " after step ", s.step,
               "; go on with --resume\n");
  else if (result.test)
    text = str(result.test_part ? "test    " : "val     ", to_text(*result.test), " (",
               scored_in_all(*result.test), " scored",
               result.test_part ? "" : "; the data has no test part", ")\n");
  if (s.best)
    text += str("best    validation ", to_text(s.best->metrics), " at step ", s.best->step, "\n");
  if (result.sources.size() > 1) text += str("read    ", passes_text(result.sources), "\n");
  if (!result.sees_answers.empty())
    text += str("note    this model sees its answers: ", result.sees_answers, "\n");
  text += str("run     ", folder, "\n");
  Json passes = Json::object();
  for (const MixedSource& source : result.sources) passes[source.name] = source.passes;
  const Json best = s.best ? to_json(s.best->metrics) : Json(nullptr);
  context.answer({{"run", folder},
                  {"done", result.done},
                  {"paused", result.paused},
                  {"step", s.step},
                  {"parameters", result.cost.parameters},
                  {"step_ms", result.step_ms},
                  {"passes", passes},
                  {"best", best},
                  {"test", metrics_json(result.test_part ? result.test : std::nullopt)},
                  {"validation", metrics_json(result.test_part ? std::nullopt : result.test)},
                  {"sees_answers", result.sees_answers}},
                 text);
}

// A run goes on from its own spec, and is named twice.
void refuse_folder(const std::string& path) {
  if (file_exists(path + "/spec.yaml"))
    throw UserError(
        str("'", path, "' is the folder of a run, and this takes a spec"),
        str("go on with `cambium train ", path, "/spec.yaml --run ", path, " --resume`"));
}

int train(const Options& options, Context& context) {
  refuse_folder(options.spec);
  std::vector<std::string> overrides = context.set;
  if (options.seed) overrides.push_back(str("train.seed=", *options.seed));
  context.terminal.overrides = overrides;
  Experiment e = open_experiment(load_spec(options.spec, overrides));
  choose_passes(e, options.passes, context.terminal);
  const std::string folder = options.run.empty() ? default_folder(options, e) : options.run;
  check_resume(options, folder, context);
  const MadeFolder made(folder);
  TrainView view(context.terminal, progress_mode(options.progress, context.terminal));
  RunSettings settings;
  settings.folder = folder;
  settings.resume = options.resume;
  settings.stop = cancel_requested;
  settings.pause_at = options.pause_at;
  const RunResult result = run_training(e, settings, view);
  view.finish();
  answer(result, folder, context);
  return result.done || result.paused ? kExitOk : kExitInterrupted;
}
}  // namespace

extern const Command command_train = {
    .name = "train",
    .doc = "train a model; Ctrl-C saves and stops, a second one stops at once",
    .examples = {"cambium train configs/models/hybrid_fashion.yaml",
                 "cambium train my.yaml --run runs/wide --seed 3 --set vars.dim=256",
                 "cambium train my.yaml --run runs/wide --resume"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("SPEC", o->spec, "a model spec");
      line.text("--run", o->run, "DIR",
                "where logs and checkpoints go; runs/<spec>-s<seed> unless told");
      line.flag("--resume", o->resume, "go on from the last checkpoint of the run");
      line.whole("--pause-at", o->pause_at, 1,
                 "save and stop after this step; --resume goes on as if nothing had been");
      line.whole("--seed", o->seed, 0, "of weights, data order and dropout");
      declare_passes(line, o->passes);
      declare_progress(line, o->progress);
      return [o](Context& context) { return train(*o, context); };
    },
};
}  // namespace cambium::command_train
