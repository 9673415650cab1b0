#include "app/saved_run.h"

#include <algorithm>
#include <filesystem>

#include "core/files.h"
#include "core/json.h"
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
// What run.json says of the data; nothing in runs of versions that kept it to themselves, and in
// imported ones.
Identity recorded_data(const std::string& folder) {
  const std::string path = folder + "/run.json";
  if (!file_exists(path)) return {};
  const Json run = Json::parse(read_file(path), nullptr, false);
  return run.is_object() && run.contains("data") ? identity_from(run["data"]) : Identity();
}

void check_data(const Experiment& e, const std::string& folder, Terminal& terminal,
                bool other_data) {
  const Identity was = recorded_data(folder);
  if (was.empty())
    return terminal.note(
        str("'", folder, "' does not say what data it was trained on: it may have been other"));
  constexpr std::string_view free[] = {"content", "splits", "examples"};
  const Identity is = identity_of(*e.data);
  if (!other_data)
    return require_same_data(was, is, folder,
                             "put the data back as it was; --other-data takes data that differs, "
                             "as long as its vocabulary and classes are the same");
  require_same_data(was, is, folder, "data of the same vocabulary and classes is needed", free);
}

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

Experiment open_run(const std::string& folder, Terminal& terminal, const OpenRunOptions& options) {
  Experiment e = open_experiment(load_spec(spec_of_run(folder), options.set));
  check_data(e, folder, terminal, options.other_data);
  if (!e.leak.empty())
    terminal.note(
        str("this model sees its answers, so what it scores is no achievement: ", e.leak));
  return e;
}

std::string weights_text(const LoadedWeights& w, bool best) {
  const std::string_view kind = best ? "best" : "last";
  if (!w.fell_back) return str(kind, " weights");
  return str("weights of step ", w.step, ": the file of the ", kind, " ones is damaged");
}

void add_weights(Json& answer, const LoadedWeights& w, bool best) {
  answer["weights"] = best ? "best" : "last";
  answer["step"] = w.step;
  answer["fell_back"] = w.fell_back;
}

SavedModel::SavedModel(const Experiment& e, const LoadedWeights& weights, const std::string& folder,
                       int64_t batch)
    : plan_(compile(optimised(e, evaluation_graph(e, batch)), engine_)) {
  store_.add(plan_, uint64_t(e.train.options.seed));
  restore(store_, weights.tensors, folder);
  executor_ = std::make_unique<Executor>(plan_, store_);
}
}  // namespace cambium
