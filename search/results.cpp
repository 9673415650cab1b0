#include "search/results.h"

#include <algorithm>
#include <ctime>
#include <map>

#include "core/files.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/version.h"
#include "train/machine.h"

namespace cambium {
namespace {
struct FinishedRun {
  int64_t seed;
  double value;
  Json json;
  RunTime time;
};

// The metric where it is reported: on the test split when there is one.
std::string reported_metric(const std::string& metric, const Json& run) {
  return run.contains("test") ? "test" + metric.substr(metric.find('.')) : metric;
}

double value_of(const std::string& metric, const Json& run) {
  const std::string name = reported_metric(metric, run);
  return run.at(name.starts_with("test") ? "test" : "best").at("metrics").at(name);
}

struct VariantRuns {
  std::vector<FinishedRun> done;
  int64_t failed = 0;
  bool complete = true;
};

VariantRuns read_runs(const StudyPlan& plan, const std::string& folder, const std::string& name) {
  VariantRuns runs;
  for (int64_t seed : plan.study.seeds) {
    const std::string path = RunId{name, seed}.folder(folder) + "/run.json";
    const Json run = file_exists(path) ? load_json(path) : Json::object();
    try {
      const std::string status = run.value("status", "");
      if (status == "failed") ++runs.failed;
      if (status == "done")
        runs.done.push_back({seed, value_of(plan.study.metric, run), run,
                             run_time(RunId{name, seed}.folder(folder))});
      else
        runs.complete = false;
    } catch (const Json::exception& e) {
      throw UserError(str("'", path, "' lacks a result: ", e.what()),
                      "remove this run's folder and compare again");
    }
  }
  return runs;
}

double step_ms_of(const VariantRuns& runs) {
  std::vector<double> all, alike;
  for (const FinishedRun& r : runs.done) {
    all.push_back(r.time.ms);
    if (r.time.alike) alike.push_back(r.time.ms);
  }
  return median_of(alike.empty() ? all : alike);
}

std::optional<TimeRatio> times(const VariantRuns& a, const VariantRuns& b) {
  std::vector<RunTime> x, y;
  for (const FinishedRun& run : a.done) {
    const auto twin = std::ranges::find(b.done, run.seed, &FinishedRun::seed);
    if (twin == b.done.end()) continue;
    x.push_back(run.time);
    y.push_back(twin->time);
  }
  return time_ratio(x, y);
}

ResultRow row_of(const PlannedVariant& v, const VariantRuns& runs) {
  ResultRow row{.variant = v.name,
                .n = int64_t(runs.done.size()),
                .parameters = v.cost.parameters,
                .failed = runs.failed};
  if (runs.done.empty()) return row;
  std::vector<double> values, flops;
  for (const FinishedRun& r : runs.done) {
    values.push_back(r.value);
    flops.push_back(r.json.value("flops", 0.0));
    row.peak_bytes = std::max(row.peak_bytes, r.json.value("peak_rss_bytes", int64_t(0)));
  }
  row.mean = mean_of(values);
  row.deviation = deviation_of(values);
  row.interval = t_interval(values);
  row.bootstrap = bootstrap_interval(values, hash_text(v.name));
  row.step_ms = step_ms_of(runs);
  row.flops = mean_of(flops);
  row.products = row.flops * v.cost.products_per_step / v.cost.flops_per_step;
  return row;
}

std::optional<PairedDifference> difference(const VariantRuns& a, const VariantRuns& b) {
  std::vector<double> x, y;
  for (const FinishedRun& run : a.done) {
    const auto twin = std::ranges::find(b.done, run.seed, &FinishedRun::seed);
    if (twin == b.done.end()) continue;
    x.push_back(run.value);
    y.push_back(twin->value);
  }
  return x.size() < 2 ? std::nullopt : paired_difference(x, y);
}

void add_differences(Results& results, const std::map<std::string, VariantRuns>& runs,
                     const std::string& baseline) {
  std::vector<double> p;
  std::vector<ResultRow*> compared;
  for (ResultRow& row : results.rows) {
    if (row.variant == baseline) continue;
    row.difference = difference(runs.at(row.variant), runs.at(baseline));
    row.time_ratio = times(runs.at(row.variant), runs.at(baseline));
    if (!row.difference) continue;
    row.seeds_needed = seeds_needed(row.difference->mean, row.difference->deviation);
    p.push_back(row.difference->p_value);
    compared.push_back(&row);
  }
  const std::vector<double> corrected = holm_corrected(p);
  for (size_t i = 0; i < compared.size(); ++i) compared[i]->p_value = corrected[i];
}

template <class T> Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}
}  // namespace

Results collect_results(const StudyPlan& plan, const std::string& folder) {
  Results results{.metric = plan.study.metric};
  std::map<std::string, VariantRuns> runs;
  for (const PlannedVariant& v : plan.variants) {
    VariantRuns& r = runs[v.name] = read_runs(plan, folder, v.name);
    results.complete = results.complete && r.complete;
    if (!r.done.empty()) results.metric = reported_metric(plan.study.metric, r.done[0].json);
    results.rows.push_back(row_of(v, r));
    std::vector<std::string> folders;
    for (const FinishedRun& run : r.done) folders.push_back(RunId{v.name, run.seed}.folder(folder));
    results.audit.push_back(audit_line(plan, v, folders));
  }
  add_differences(results, runs, plan.study.baseline);
  return results;
}

namespace {
void add_time_ratio(Json& row, const std::optional<TimeRatio>& t) {
  row["time_ratio"] = t ? Json(t->ratio) : Json();
  row["time_low"] = t && t->interval ? Json(t->interval->low) : Json();
  row["time_high"] = t && t->interval ? Json(t->interval->high) : Json();
  row["time_pairs"] = t ? t->pairs : 0;
}
}  // namespace

Json summary_json(const Results& results) {
  Json j = {{"metric", results.metric}, {"complete", results.complete}, {"rows", Json::array()}};
  for (const ResultRow& r : results.rows) {
    Json row = {{"variant", r.variant}, {"n", r.n}};
    row["mean"] = r.n > 0 ? Json(r.mean) : Json();
    row["ci_low"] = r.interval ? Json(r.interval->low) : Json();
    row["ci_high"] = r.interval ? Json(r.interval->high) : Json();
    row["boot_low"] = r.bootstrap ? Json(r.bootstrap->low) : Json();
    row["boot_high"] = r.bootstrap ? Json(r.bootstrap->high) : Json();
    row["diff_mean"] = r.difference ? Json(r.difference->mean) : Json();
    row["diff_low"] = r.difference ? Json(r.difference->interval.low) : Json();
    row["diff_high"] = r.difference ? Json(r.difference->interval.high) : Json();
    row["p_value"] = r.difference ? Json(r.p_value) : Json();
    row["step_ms"] = r.step_ms;
    add_time_ratio(row, r.time_ratio);
    row["peak_bytes"] = r.peak_bytes;
    row["parameters"] = r.parameters;
    row["flops"] = r.flops;
    row["products"] = r.products;
    row["seeds_needed"] = or_null(r.seeds_needed);
    row["failed"] = r.failed;
    j["rows"].push_back(std::move(row));
  }
  j["budget_audit"] = Json::array();
  for (const BudgetLine& b : results.audit) j["budget_audit"].push_back(to_json(b));
  return j;
}

Json study_json(const StudyPlan& plan, const Results* results, const std::string& command) {
  const Study& s = plan.study;
  Json j = {{"name", s.name}, {"spec", s.file}};
  j["metric"] = {{"name", results ? results->metric : s.metric},
                 {"selection", s.metric},
                 {"goal", s.maximize ? "max" : "min"}};
  j["seeds"] = s.seeds;
  j["base"] = s.baseline;
  j["budget"] = {{"kind", s.budget ? name_of(s.budget->kind) : "steps"},
                 {"value", s.budget ? s.budget->value : plan.at(s.baseline).planned}};
  j["variants"] = Json::array();
  for (size_t i = 0; i < plan.variants.size(); ++i) {
    const PlannedVariant& v = plan.variants[i];
    Json item = {{"name", v.name},
                 {"spec_yaml", to_yaml(v.spec.root)},
                 {"spec_hash", hash_name(spec_hash(v.spec))},
                 {"parameters", v.cost.parameters},
                 {"steps", v.steps},
                 {"flops_per_step", v.cost.flops_per_step},
                 {"products_per_step", v.cost.products_per_step},
                 {"forward_flops_per_example", v.forward_flops},
                 {"state_bytes", v.state_bytes},
                 {"peak_bytes", v.needed_bytes},
                 {"step_ms", results ? results->rows[i].step_ms : 0.0},
                 {"domain_summary", v.domains},
                 {"data", to_json(v.data)}};
    if (v.step_time)
      item["planned_step_ms"] = {
          {"median", v.step_time->median}, {"low", v.step_time->low}, {"high", v.step_time->high}};
    if (s.published.contains(v.name)) item["published"] = s.published.at(v.name);
    if (v.match)
      item["match"] = {{"free", s.match->free},
                       {"value", v.match->value},
                       {"target", v.match->target},
                       {"achieved", v.match->achieved},
                       {"deviation", v.match->deviation()}};
    j["variants"].push_back(std::move(item));
  }
  j["machine"] = {
      {"cpu", cpu_name()}, {"build", machine_text()}, {"memory_bytes", total_memory_bytes()}};
  j["command"] = command;
  j["version"] = kVersion;
  j["created"] = now_text();
  return j;
}
}  // namespace cambium
