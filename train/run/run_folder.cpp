#include "train/run/run_folder.h"

#include <filesystem>

#include "core/system/files.h"
#include "core/system/memory.h"
#include "core/text/json.h"

namespace cambium {
namespace {
Json metrics_json(const Metrics& m, std::string_view split) {
  Json j = Json::object();
  for (const auto& [name, value] : m.numbers()) j[str(split, ".", name)] = value;
  return j;
}

Json kept_keys(const std::string& path) {
  if (!file_exists(path)) return Json::object();
  Json old = Json::parse(read_file(path), nullptr, false);
  return old.is_object() ? old : Json::object();
}

std::string run_json(const std::string& path, std::string_view status, const Experiment& e,
                     const RunResult& r, std::string_view error) {
  Json j = kept_keys(path);
  const RunState& s = r.state;
  j["seed"] = e.train.options.seed;
  j["status"] = status;
  j["error"] = error;
  if (!r.sees_answers.empty()) j["sees_answers"] = r.sees_answers;
  if (!r.other_length.empty()) j["other_length"] = r.other_length;
  if (!e.passes.off.empty()) j["no_pass"] = e.passes.off;
  j["parameters"] = r.cost.parameters;
  j["steps"] = s.step;
  j["planned_steps"] = e.total_steps();
  j["samples"] = s.examples;
  j["flops"] = double(s.step) * r.cost.flops_per_step;
  j["flops_per_step"] = r.cost.flops_per_step;
  j["seconds"] = s.seconds;
  j["train_seconds"] = s.train_seconds;
  j["step_ms_median"] = r.step_ms;
  j["step_ms_low"] = r.step_ms_low;
  j["step_ms_high"] = r.step_ms_high;
  j["peak_rss_bytes"] = peak_resident_bytes();
  j["predicted_bytes"] = r.predicted_bytes;
  j["machine"] = s.machine;
  j["data"] = to_json(s.data);
  if (s.best)
    j["best"] = {{"step", s.best->step},
                 {"scored", s.best->metrics.scored},
                 {"metrics", metrics_json(s.best->metrics, "val")}};
  j["final"] = {{"metrics", metrics_json(s.evaluated, "val")}};
  if (r.test)
    j["test"] = {{"scored", r.test->scored},
                 {"metrics", metrics_json(*r.test, r.test_part ? "test" : "val")}};
  return to_text(j, 1) + "\n";
}
}  // namespace

MadeFolder::MadeFolder(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  for (fs::path p = fs::path(folder).lexically_normal(); !p.empty() && !fs::exists(p, ignored);
       p = p.parent_path())
    if (p.has_filename()) made_.push_back(p.string());
  make_folders(folder);
}

MadeFolder::~MadeFolder() {
  std::error_code ignored;  // a folder that is not empty stays
  for (const std::string& folder : made_) std::filesystem::remove(folder, ignored);
}

void write_run_json(const std::string& folder, std::string_view status, const Experiment& e,
                    const RunResult& r) {
  if (folder.empty()) return;
  const std::string path = folder + "/run.json";
  replace_file(path, run_json(path, status, e, r, {}));
}

void write_failure(const std::string& folder, const Experiment& e, const RunResult& r,
                   std::string_view error) {
  if (folder.empty()) return;
  const std::string path = folder + "/run.json";
  try {
    const std::string text = run_json(path, "failed", e, r, error);
    try {
      replace_file(path, text);
    } catch (const Error&) {
      overwrite_file(path, text);
    }
  } catch (const std::exception&) {
    return;
  }
}
}  // namespace cambium
