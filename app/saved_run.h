// Saved run: a run's folder opened again, and its model with the weights it learned.
#pragma once
#include "app/terminal.h"
#include "core/text/json_forward.h"
#include "graph/run/executor.h"
#include "ops/support/dnnl.h"
#include "train/run/checkpoint.h"
#include "train/spec/experiment.h"

namespace cambium {
// Folders beside `folder` that hold `file`, as a suggestion; `fallback` when there are none.
std::string folder_suggestion(const std::string& folder, const std::string& file,
                              std::string_view fallback);

// The spec at a path, or of the run whose folder stands there. UserError for a folder without one.
Spec load_model_spec(const std::string& path, std::span<const std::string> overrides);

struct OpenRunOptions {
  bool other_data = false;  // data that differs is right, if its vocabulary and classes are those
  std::vector<std::string> set = {};  // "a.b=value", of the spec
};

struct OpenedRun {
  Experiment experiment;
  bool other_data = false;  // the data differs from the run's, and was asked for
};

// Reads <folder>/spec.yaml. UserError saying what stands there when it is no run, or what differs
// when the data is not what the run was trained on. A run that does not say what that was, and one
// on other data, is opened with a note.
OpenedRun open_run(const std::string& folder, Terminal& terminal,
                   const OpenRunOptions& options = {});

// Its best or last weights. A run that failed is told to have, by its error where it left none,
// else by a note.
LoadedWeights weights_of_run(const std::string& folder, bool best, Terminal& terminal);

// UserError for a path that is no study file but the folder of a run or of a study, with the
// command that takes it.
void refuse_folder_as_study(const std::string& path);

// "best weights", or which older ones stand in for damaged ones; the same as keys of an answer.
std::string weights_text(const LoadedWeights& w, bool best);
void add_weights(Json& answer, const LoadedWeights& w, bool best);

// A plan with the best or the last weights: that of an evaluation on `batch` examples, or of
// another graph of the same model.
class SavedModel {
 public:
  SavedModel(const Experiment& e, const LoadedWeights& weights, const std::string& folder,
             int64_t batch);
  SavedModel(const Experiment& e, const LoadedWeights& weights, const std::string& folder,
             Graph graph);

  Executor& executor() { return *executor_; }

 private:
  Engine engine_;
  Plan plan_;
  Store store_;
  std::unique_ptr<Executor> executor_;
};
}  // namespace cambium
