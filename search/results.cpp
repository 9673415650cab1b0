#include "search/results.h"

#include <algorithm>
#include <ctime>
#include <map>

#include "core/files.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/version.h"
#include "search/budget.h"
#include "train/machine.h"

namespace cambium {
namespace {
struct FinishedRun {
  int64_t seed;
  double value;
  Json json;
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
        runs.done.push_back({seed, value_of(plan.study.metric, run), run});
      else
        runs.complete = false;
    } catch (const Json::exception& e) {
      throw UserError(str("'", path, "' lacks a result: ", e.what()),
                      "remove this run's folder and compare again");
    }
  }
  return runs;
}

ResultRow row_of(const PlannedVariant& v, const VariantRuns& runs) {
  ResultRow row{.variant = v.name,
                .n = int64_t(runs.done.size()),
                .parameters = v.cost.parameters,
                .failed = runs.failed};
  if (runs.done.empty()) return row;
  std::vector<double> values, step_ms, flops;
  for (const FinishedRun& r : runs.done) {
    values.push_back(r.value);
    step_ms.push_back(r.json.value("step_ms_median", 0.0));
    flops.push_back(r.json.value("flops", 0.0));
    row.peak_bytes = std::max(row.peak_bytes, r.json.value("peak_rss_bytes", int64_t(0)));
  }
  row.mean = mean_of(values);
  row.deviation = deviation_of(values);
  row.interval = t_interval(values);
  row.bootstrap = bootstrap_interval(values, hash_text(v.name));
  row.step_ms = median_of(step_ms);
  row.flops = mean_of(flops);
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
    if (!row.difference) continue;
    row.seeds_needed = seeds_needed(row.difference->mean, row.difference->deviation);
    p.push_back(row.difference->p_value);
    compared.push_back(&row);
  }
  const std::vector<double> corrected = holm_corrected(p);
  for (size_t i = 0; i < compared.size(); ++i) compared[i]->p_value = corrected[i];
}

BudgetLine audit_line(const StudyPlan& plan, const PlannedVariant& v, const VariantRuns& runs) {
  const Budget::Kind kind = plan.study.budget ? plan.study.budget->kind : Budget::kSteps;
  std::vector<double> costs;
  for (const FinishedRun& r : runs.done)
    costs.push_back(spent(kind, r.json.value("steps", int64_t(0)), v.cost, v.examples_per_step,
                          r.json.value("seconds", 0.0)));
  return {v.name, v.planned, costs.empty() ? 0 : mean_of(costs)};
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
    results.audit.push_back(audit_line(plan, v, r));
  }
  add_differences(results, runs, plan.study.baseline);
  return results;
}

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
    row["peak_bytes"] = r.peak_bytes;
    row["parameters"] = r.parameters;
    row["flops"] = r.flops;
    row["seeds_needed"] = or_null(r.seeds_needed);
    row["failed"] = r.failed;
    j["rows"].push_back(std::move(row));
  }
  j["budget_audit"] = Json::array();
  for (const BudgetLine& b : results.audit)
    j["budget_audit"].push_back({{"variant", b.variant},
                                 {"planned", b.planned},
                                 {"spent", b.spent},
                                 {"deviation", b.deviation()}});
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
                 {"forward_flops_per_example", v.forward_flops},
                 {"state_bytes", v.state_bytes},
                 {"peak_bytes", v.needed_bytes},
                 {"step_ms", results ? results->rows[i].step_ms : 0.0},
                 {"domain_summary", v.domains},
                 {"data", to_json(v.data)}};
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
