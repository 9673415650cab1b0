// Saved run: a run's folder opened again, and its model with the weights it learned.
#pragma once
#include "graph/executor.h"
#include "ops/support/dnnl.h"
#include "train/checkpoint.h"
#include "train/experiment.h"

namespace cambium {
// Folders beside `folder` that hold `file`, as a suggestion; `fallback` when there are none.
std::string folder_suggestion(const std::string& folder, const std::string& file,
                              std::string_view fallback);

// The spec at a path, or of the run whose folder stands there. UserError for a folder without one.
Spec load_model_spec(const std::string& path, std::span<const std::string> overrides);

// Reads <folder>/spec.yaml. UserError naming near folders when there is no such run.
Experiment open_run(const std::string& folder);

// The evaluation plan on `batch` examples with the best or the last weights.
class SavedModel {
 public:
  SavedModel(const Experiment& e, const std::string& folder, bool best, int64_t batch);

  Executor& executor() { return *executor_; }

 private:
  Engine engine_;
  Plan plan_;
  Store store_;
  std::unique_ptr<Executor> executor_;
};
}  // namespace cambium
