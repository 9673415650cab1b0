#include "train/run/run_folder.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include "core/failures.h"
#include "core/system/files.h"
#include "core/system/memory.h"
#include "core/text/json.h"
#include "train/record/run_record.h"

namespace cambium {
namespace {
// `own`, `set`: the parts that answered, of the data itself and of each evaluation set.
RunScores scores_of(const Metrics& m, std::string_view own,
                    const std::function<std::string_view(std::string_view set)>& of_set) {
  RunScores s;
  for (const auto& [name, value] : m.numbers()) {
    const std::string_view part = part_of(name);
    s.metrics.emplace_back(str(part.empty() ? own : of_set(part), ".", name), value);
  }
  for (const PartMetrics& part : m.parts) s.scored_of.emplace_back(part.name, part.metrics.scored);
  return s;
}

RunScores validation_scores(const Metrics& m) {
  return scores_of(m, "val", [](std::string_view) { return "val"; });
}

// What has no test part answers with its validation part.
RunScores test_scores(const Experiment& e, const RunResult& r) {
  RunScores s = scores_of(*r.test, r.test_part ? "test" : "val", [&](std::string_view name) {
    // "books", or a slice of it, "books.source.docs"
    const auto set =
        std::ranges::find(e.sets, name.substr(0, name.find('.')), &EvaluationSet::name);
    return set == e.sets.end() || has_test_part(*set->data) ? "test" : "val";
  });
  s.scored = r.test->scored;
  return s;
}

RunRecord record_of(std::string_view status, const Experiment& e, const RunResult& r,
                    std::string_view error) {
  const RunState& s = r.state;
  RunRecord out{.seed = e.train.options.seed,
                .status = std::string(status),
                .error = std::string(error),
                .sees_answers = r.sees_answers,
                .other_length = r.other_length,
                .no_pass = {e.passes.off.begin(), e.passes.off.end()},
                .parameters = r.cost.parameters,
                .steps = s.step,
                .planned_steps = e.total_steps(),
                .samples = s.examples,
                .flops = r.flops,
                .flops_per_step = r.cost.flops_per_step,
                .seconds = s.seconds,
                .train_seconds = s.train_seconds,
                .step_ms = r.step_ms,
                .step_ms_low = r.step_ms_low,
                .step_ms_high = r.step_ms_high,
                .peak_bytes = peak_resident_bytes(),
                .predicted_bytes = r.predicted_bytes,
                .machine = s.machine,
                .data = s.data,
                .final = validation_scores(s.evaluated)};
  for (const MixedSource& source : r.sources) out.passes.emplace_back(source.name, source.passes);
  if (s.best) {
    out.best = validation_scores(s.best->metrics);
    out.best->step = s.best->step;
    out.best->scored = s.best->metrics.scored;
  }
  if (r.test) out.test = test_scores(e, r);
  return out;
}

std::string cause_of(const Error& error) {
  return dynamic_cast<const DiskError*>(&error) ? "disk" : "";
}

Json kept_keys(const std::string& path) {
  if (!file_exists(path)) return Json::object();
  Json old = Json::parse(read_file(path), nullptr, false);
  return old.is_object() ? old : Json::object();
}

std::string run_json(const std::string& path, const RunRecord& record) {
  Json j = kept_keys(path);
  j.erase("cause");  // of an earlier failure
  j.update(to_json(record));
  return to_text(j, 1) + "\n";
}

void write_last_word(const std::string& path, const RunRecord& record) {
  try {
    const std::string text = run_json(path, record);
    try {
      replace_file(path, text);
    } catch (const Error&) {
      overwrite_file(path, text);
    }
  } catch (const std::exception&) {
    return;
  }
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
  replace_file(path, run_json(path, record_of(status, e, r, {})));
}

void set_run_key(const std::string& folder, std::string_view key, Json value) {
  const std::string path = folder + "/run.json";
  Json j = kept_keys(path);
  j[std::string(key)] = std::move(value);
  replace_file(path, to_text(j, 1) + "\n");
}

void write_failure(const std::string& folder, const Experiment& e, const RunResult& r,
                   const Error& error) {
  if (folder.empty()) return;
  RunRecord record = record_of("failed", e, r, error.what());
  record.cause = cause_of(error);
  write_last_word(folder + "/run.json", record);
}

void write_failure(const std::string& folder, const Error& error) {
  std::optional<RunRecord> record = find_run_record(folder);
  if (!record || record->done()) return;
  record->status = "failed";
  record->error = error.what();
  record->cause = cause_of(error);
  write_last_word(folder + "/run.json", *record);
}

void write_waiting(const std::string& folder, const std::string& variant, int64_t seed) {
  const std::string path = folder + "/run.json";
  if (file_exists(path)) return;
  const RunRecord waiting{.variant = variant, .seed = seed, .status = "waiting"};
  replace_file(path, to_text(to_json(waiting), 1) + "\n");
}
}  // namespace cambium
