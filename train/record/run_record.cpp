#include "train/record/run_record.h"

#include <algorithm>
#include <cmath>

#include "core/system/files.h"

namespace cambium {
namespace {
void put(Json& j, const char* key, const std::string& text) {
  if (!text.empty()) j[key] = text;
}

void put(Json& j, const char* key, int64_t value) {
  if (value >= 0) j[key] = value;
}

void put(Json& j, const char* key, double value) {
  if (std::isfinite(value)) j[key] = value;
}

void put(Json& j, const char* key, const std::optional<RunScores>& s) {
  if (!s) return;
  Json item = Json::object();
  put(item, "step", s->step);
  put(item, "scored", s->scored);
  item["metrics"] = Json::object();
  for (const auto& [name, value] : s->metrics) item["metrics"][name] = value;
  for (const auto& [name, value] : s->scored_of) item["scored_of"][name] = value;
  j[key] = std::move(item);
}

// Older programs wrote the test's numbers without `metrics` around them.
std::optional<RunScores> scores_from(const JsonItem& run, const char* key) {
  if (!run.find(key)) return std::nullopt;
  const JsonItem item = run.item(key);
  RunScores s{item.whole("step", -1), item.whole("scored", -1), item.numbers("metrics")};
  if (s.metrics.empty()) s.metrics = run.numbers(key);
  if (item.find("scored_of"))
    for (const auto& [name, value] : item.item("scored_of").json().items())
      s.scored_of.emplace_back(name, item.item("scored_of").whole(name.c_str(), -1));
  return s;
}
}  // namespace

const double* RunScores::find(std::string_view metric) const {
  const auto it = std::ranges::find(metrics, metric, [](const auto& m) { return m.first; });
  return it == metrics.end() ? nullptr : &it->second;
}

int64_t RunScores::scored_by(std::string_view metric) const {
  const std::string_view part = part_of(metric);
  if (part.empty()) return scored;
  const auto it = std::ranges::find(scored_of, part, [](const auto& s) { return s.first; });
  return it == scored_of.end() ? -1 : it->second;
}

Json to_json(const RunRecord& r) {
  Json j = Json::object();
  put(j, "variant", r.variant);
  j["seed"] = r.seed;
  j["status"] = r.status;
  j["error"] = r.error;
  put(j, "cause", r.cause);
  put(j, "sees_answers", r.sees_answers);
  put(j, "other_length", r.other_length);
  if (!r.no_pass.empty()) j["no_pass"] = r.no_pass;
  put(j, "parameters", r.parameters);
  put(j, "steps", r.steps);
  put(j, "planned_steps", r.planned_steps);
  put(j, "samples", r.samples);
  put(j, "flops", r.flops);
  put(j, "flops_per_step", r.flops_per_step);
  put(j, "seconds", r.seconds);
  put(j, "train_seconds", r.train_seconds);
  put(j, "step_ms_median", r.step_ms);
  put(j, "step_ms_low", r.step_ms_low);
  put(j, "step_ms_high", r.step_ms_high);
  put(j, "peak_rss_bytes", r.peak_bytes);
  put(j, "predicted_bytes", r.predicted_bytes);
  put(j, "machine", r.machine);
  for (const auto& [source, times] : r.passes) j["passes"][source] = times;
  if (!r.data.empty()) j["data"] = to_json(r.data);
  put(j, "best", r.best);
  put(j, "final", r.final);
  put(j, "test", r.test);
  return j;
}

RunRecord run_record_from(const Json& json, const std::string& where) {
  const JsonItem run(json, where);
  RunRecord r;
  r.variant = run.text("variant");
  r.seed = run.whole("seed", 0);
  r.status = run.text("status");
  r.error = run.text("error");
  r.cause = run.text("cause");
  r.sees_answers = run.text("sees_answers");
  r.other_length = run.text("other_length");
  r.no_pass = run.texts("no_pass");
  r.parameters = run.whole("parameters", -1);
  r.steps = run.whole("steps", -1);
  r.planned_steps = run.whole("planned_steps", -1);
  r.samples = run.whole("samples", -1);
  r.flops = run.number("flops");
  r.flops_per_step = run.number("flops_per_step");
  r.seconds = run.number("seconds");
  r.train_seconds = run.number("train_seconds");
  r.step_ms = run.number("step_ms_median");
  r.step_ms_low = run.number("step_ms_low");
  r.step_ms_high = run.number("step_ms_high");
  r.peak_bytes = run.whole("peak_rss_bytes", -1);
  r.predicted_bytes = run.whole("predicted_bytes", -1);
  r.machine = run.text("machine");
  r.passes = run.numbers("passes");
  if (const Json* data = run.find("data")) r.data = identity_from(*data);
  r.best = scores_from(run, "best");
  r.final = scores_from(run, "final");
  r.test = scores_from(run, "test");
  return r;
}

std::optional<RunRecord> read_run_record(const std::string& folder) {
  const std::string path = folder + "/run.json";
  if (!file_exists(path)) return std::nullopt;
  try {
    return run_record_from(load_json(path), path);
  } catch (const UserError& e) {
    throw UserError(e.what(), "remove this run's folder and train it again", e.mark);
  }
}

std::optional<RunRecord> find_run_record(const std::string& folder) {
  try {
    return read_run_record(folder);
  } catch (const UserError&) {
    return std::nullopt;
  }
}

std::string numbers_text(const RunRecord& r) {
  Json j = Json::object();
  put(j, "best", r.best);
  put(j, "final", r.final);
  put(j, "test", r.test);
  return to_text(j);
}
}  // namespace cambium
