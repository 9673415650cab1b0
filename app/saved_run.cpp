#include "app/saved_run.h"

#include <algorithm>
#include <filesystem>

#include "core/files.h"
#include "core/suggest.h"
#include "train/step_graph.h"

namespace cambium {
namespace fs = std::filesystem;

std::string folder_suggestion(const std::string& folder, const std::string& file,
                              std::string_view fallback) {
  std::vector<std::string> near;
  const fs::path parent = fs::path(folder).parent_path();
  std::error_code ignored;
  for (const auto& f : fs::directory_iterator(parent.empty() ? "." : parent, ignored))
    if (file_exists((f.path() / file).string()))
      near.push_back((parent / f.path().filename()).string());
  std::ranges::sort(near);
  return near.empty() ? std::string(fallback) : suggestion(folder, near);
}

namespace {
std::string spec_of_run(const std::string& folder) {
  const std::string spec = folder + "/spec.yaml";
  if (!file_exists(spec))
    throw UserError(str("'", folder, "' holds no run: there is no spec.yaml"),
                    folder_suggestion(folder, "spec.yaml", "cambium train makes one"));
  return spec;
}
}  // namespace

Spec load_model_spec(const std::string& path, std::span<const std::string> overrides) {
  return load_spec(fs::is_directory(path) ? spec_of_run(path) : path, overrides);
}

Experiment open_run(const std::string& folder) {
  return open_experiment(load_spec(spec_of_run(folder)));
}

SavedModel::SavedModel(const Experiment& e, const std::string& folder, bool best, int64_t batch)
    : plan_(compile(optimised(e, evaluation_graph(e, batch)), engine_)) {
  store_.add(plan_, uint64_t(e.train.options.seed));
  restore(store_, load_weights(folder, best), folder);
  executor_ = std::make_unique<Executor>(plan_, store_);
}
}  // namespace cambium
