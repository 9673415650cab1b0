#include "app/saved_run.h"

#include <algorithm>
#include <filesystem>

#include "core/system/files.h"
#include "core/text/json.h"
#include "core/text/suggest.h"
#include "train/graphs/pipeline.h"
#include "train/graphs/step_graph.h"
#include "train/record/run_record.h"
#include "train/spec/data_paths.h"

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
// Whether the data is other than the run's, where that may be.
bool check_data(const Experiment& e, const std::string& folder, Terminal& terminal,
                bool other_data) {
  // Runs of versions that kept it to themselves, and imported ones, say nothing of it.
  const Identity was = read_run_record(folder).value_or(RunRecord()).data;
  if (was.empty()) {
    terminal.note(
        str("'", folder, "' does not say what data it was trained on: it may have been other"));
    return false;
  }
  std::vector<std::string_view> free = {"content", "splits", "examples"};
  const Identity is = identity_of(e);
  for (const Identity* id : {&was, &is})
    for (const auto& [part, value] : id->parts)
      if (part.starts_with("evaluate.")) free.push_back(part);
  const Spec trained = load_spec(folder + "/spec.yaml");
  const std::string where = read_from_text(e.spec, &trained);
  if (!other_data)
    require_same_data(was, is, folder,
                      "put the data back as it was; --other-data takes data that differs, "
                      "as long as its vocabulary and classes are the same",
                      {}, where);
  require_same_data(was, is, folder, "data of the same vocabulary and classes is needed", free,
                    where);
  if (differences(was, is).empty()) return false;
  terminal.note(str("note    this is other data than '", folder, "' was trained on",
                    where.empty() ? "" : ": ", where));
  return true;
}

bool is_study_folder(const std::string& path) {
  return file_exists(path + "/study.json");
}

// The first run of a study's folder, to show how one is named.
std::string first_run_of(const std::string& study) {
  std::vector<std::string> runs;
  std::error_code none;
  for (const auto& f : fs::directory_iterator(study + "/runs", none))
    if (file_exists((f.path() / "spec.yaml").string())) runs.push_back(f.path().string());
  return runs.empty() ? study + "/runs/..." : *std::ranges::min_element(runs);
}

std::string spec_of_run(const std::string& folder) {
  const std::string spec = folder + "/spec.yaml";
  std::error_code none;
  if (fs::is_regular_file(folder, none))
    throw UserError(str("'", folder, "' is a file, and this takes the folder of a run"),
                    folder.ends_with(".yaml")
                        ? str("cambium train ", folder, " makes one, in runs/ unless told")
                        : "cambium train makes one");
  if (is_study_folder(folder))
    throw UserError(str("'", folder, "' is the folder of a study, and this takes one of its runs"),
                    str("name one, such as ", first_run_of(folder)));
  if (!file_exists(spec))
    throw UserError(str("'", folder, "' holds no run: there is no spec.yaml"),
                    folder_suggestion(folder, "spec.yaml", "cambium train makes one"));
  return spec;
}
}  // namespace

Spec load_model_spec(const std::string& path, std::span<const std::string> overrides) {
  return load_spec(fs::is_directory(path) ? spec_of_run(path) : path, overrides);
}

OpenedRun open_run(const std::string& folder, Terminal& terminal, const OpenRunOptions& options) {
  OpenedRun run{open_experiment(load_spec(spec_of_run(folder), options.set))};
  const Experiment& e = run.experiment;
  run.other_data = check_data(e, folder, terminal, options.other_data);
  if (!e.leak.empty())
    terminal.note(
        str("this model sees its answers, so what it scores is no achievement: ", e.leak));
  return run;
}

LoadedWeights weights_of_run(const std::string& folder, bool best, Terminal& terminal) {
  const RunRecord run = read_run_record(folder).value_or(RunRecord());
  if (run.failed() && !has_checkpoint(folder))
    throw RuntimeError(
        str("'", folder, "' failed before it saved any weights: ", run.error),
        str("mend what ended it and train it again; it began with ", folder, "/spec.yaml"));
  LoadedWeights weights = load_weights(folder, best);
  if (run.failed())
    terminal.note(str("note    '", folder, "' failed: ", run.error,
                      "; these are its weights of step ", weights.step));
  return weights;
}

void refuse_folder_as_study(const std::string& path) {
  std::error_code none;
  if (!fs::is_directory(path, none)) return;
  if (is_study_folder(path))
    throw UserError(str("'", path, "' is the folder of a study, and this takes its file"),
                    str("look at it with `cambium report ", path,
                        "`; go on with it by the command that its report ends with"));
  if (file_exists(path + "/spec.yaml"))
    throw UserError(str("'", path, "' is the folder of a run, and this takes the file of a study"),
                    str("measure the run with `cambium eval ", path, "`"));
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
    : SavedModel(e, weights, folder, evaluation_graph(e, batch)) {}

SavedModel::SavedModel(const Experiment& e, const LoadedWeights& weights, const std::string& folder,
                       Graph graph)
    : plan_(compile(optimised(e, std::move(graph)), engine_)) {
  store_.add(plan_, uint64_t(e.train.options.seed));
  restore(store_, weights.tensors, folder);
  executor_ = std::make_unique<Executor>(plan_, store_);
}
}  // namespace cambium
