#include "app/saved_run.h"

#include <algorithm>
#include <filesystem>

#include "core/files.h"
#include "core/suggest.h"
#include "graph/passes.h"
#include "train/step_graph.h"

namespace cambium {
namespace fs = std::filesystem;

Experiment open_run(const std::string& folder) {
  const std::string spec = folder + "/spec.yaml";
  if (!file_exists(spec)) {
    std::vector<std::string> near;
    const fs::path parent = fs::path(folder).parent_path();
    std::error_code ignored;
    for (const auto& f : fs::directory_iterator(parent.empty() ? "." : parent, ignored))
      if (file_exists((f.path() / "spec.yaml").string()))
        near.push_back((parent / f.path().filename()).string());
    std::ranges::sort(near);
    const std::string help = near.empty() ? "cambium train makes one" : suggestion(folder, near);
    throw UserError(str("'", folder, "' holds no run: there is no spec.yaml"), help);
  }
  return open_experiment(load_spec(spec));
}

SavedModel::SavedModel(const Experiment& e, const std::string& folder, bool best, int64_t batch)
    : plan_(compile(run_passes(evaluation_graph(e, batch), evaluation_pipeline()), engine_)) {
  store_.add(plan_, uint64_t(e.train.options.seed));
  restore(store_, load_weights(folder, best), folder);
  executor_ = std::make_unique<Executor>(plan_, store_);
}
}  // namespace cambium
