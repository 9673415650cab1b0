#include "search/results/results.h"

#include <algorithm>
#include <cmath>

#include "core/hash.h"
#include "train/record/run_record.h"
#include "train/run/metrics.h"

namespace cambium {
namespace {
// The metric where it is reported: on the test part when the data has one.
std::string reported_metric(const std::string& metric, const RunRecord& run) {
  const std::string tested = "test" + metric.substr(metric.find('.'));
  return run.test && run.test->find(tested) ? tested : metric;
}

struct VariantRuns {
  std::vector<SeedOutcome> outcomes;  // one a seed of the study
  std::vector<RunTime> times;         // one a seed; 0 ms without a finished run
  std::vector<std::string> folders;   // of finished runs
  std::vector<double> flops;          // of finished runs
  int64_t peak_bytes = 0;
  int64_t test_examples = 0;  // the fewest of the runs; 0: not known
  std::string metric;         // as reported; empty without a finished run
  std::string sees_answers;   // of the first run that says so

  int64_t finished() const { return int64_t(folders.size()); }
};

void add_finished(VariantRuns& runs, const RunRecord& run, const std::string& metric,
                  const std::string& folder) {
  runs.metric = reported_metric(metric, run);
  const RunScores split = (run.test ? run.test : run.best).value_or(RunScores());
  const double* value = split.find(runs.metric);
  if (!value)
    throw UserError(str("'", folder, "/run.json' lacks a result: ", runs.metric),
                    "remove this run's folder and compare again");
  runs.outcomes.back() = {SeedOutcome::kDone, *value, hash_text(numbers_text(run))};
  runs.times.back() = run_time(folder);
  runs.folders.push_back(folder);
  runs.flops.push_back(std::isfinite(run.flops) ? run.flops : 0);
  runs.peak_bytes = std::max(runs.peak_bytes, run.peak_bytes);
  const int64_t scored = std::max<int64_t>(0, split.scored);
  runs.test_examples = runs.finished() == 1 ? scored : std::min(runs.test_examples, scored);
}

VariantRuns read_runs(const Study& study, const std::string& folder, const std::string& name) {
  VariantRuns runs;
  for (int64_t seed : study.seeds) {
    runs.outcomes.emplace_back();
    runs.times.push_back({});
    const std::string run_folder = RunId{name, seed}.folder(folder);
    const RunRecord run = read_run_record(run_folder).value_or(RunRecord());
    if (runs.sees_answers.empty()) runs.sees_answers = run.sees_answers;
    if (run.failed()) runs.outcomes.back().state = SeedOutcome::kFailed;
    if (run.done()) add_finished(runs, run, study.metric, run_folder);
  }
  return runs;
}

double step_ms_of(const VariantRuns& runs) {
  std::vector<double> all, alike;
  for (const RunTime& t : runs.times) {
    if (t.ms > 0) all.push_back(t.ms);
    if (t.alike) alike.push_back(t.ms);
  }
  if (all.empty()) return 0;
  return median_of(alike.empty() ? all : alike);
}

ResultRow row_of(const PlannedVariant& v, const VariantRuns& runs, int64_t test_examples,
                 double overlap) {
  ResultRow row{
      .variant = v.name,
      .n = runs.finished(),
      .failed = std::ranges::count(runs.outcomes, SeedOutcome::kFailed, &SeedOutcome::state),
      .sees_answers = runs.sees_answers,
      .peak_bytes = runs.peak_bytes,
      .parameters = v.cost.parameters};
  if (row.n == 0) return row;
  std::vector<double> values;
  for (const SeedOutcome& o : runs.outcomes)
    if (o.state == SeedOutcome::kDone) values.push_back(o.value);
  row.mean = mean_of(values);
  row.deviation = deviation_of(values);
  const auto [least, most] = std::ranges::minmax(values);
  row.range = {least, most};
  row.interval = mean_interval(values, test_examples, overlap);
  if (row.n >= kBootstrapSeeds) row.bootstrap = bootstrap_interval(values, hash_text(v.name));
  if (test_examples > 0) row.test_set = test_set_half_width(row.mean, test_examples);
  row.step_ms = step_ms_of(runs);
  row.flops = mean_of(runs.flops);
  row.products = row.flops * v.cost.products_per_step / v.cost.flops_per_step;
  return row;
}

// Of seeds that both finished.
std::optional<TimeRatio> times(const VariantRuns& a, const VariantRuns& b) {
  std::vector<RunTime> x, y;
  for (size_t s = 0; s < a.times.size(); ++s) {
    if (a.times[s].ms <= 0 || b.times[s].ms <= 0) continue;
    x.push_back(a.times[s]);
    y.push_back(b.times[s]);
  }
  return time_ratio(x, y);
}

CommonBudget budget_of(const StudyPlan& plan, std::span<const BudgetLine> audit) {
  const std::optional<Budget>& budget = plan.study.budget;
  return common_budget(audit, budget ? budget->kind : Budget::kSteps,
                       budget ? budget->value : plan.at(plan.study.baseline).planned);
}

std::vector<DifferingSetting> settings_of(const StudyPlan& plan) {
  std::vector<const Spec*> specs;
  for (const PlannedVariant& v : plan.variants) specs.push_back(&v.spec);
  std::vector<DifferingSetting> out = differing_settings(specs);
  // What follows from the budget is no setting.
  if (plan.study.budget)
    std::erase_if(out, [&](const DifferingSetting& s) {
      return s.path == "train.steps" ||
             (s.path == "train.eval_every" && plan.study.evaluations > 0);
    });
  return out;
}

// Of all runs the fewest, for a share; 0 when any is not known.
int64_t fewest_test_examples(const std::vector<VariantRuns>& runs, const std::string& metric) {
  if (!is_share(metric)) return 0;
  std::optional<int64_t> fewest;
  for (const VariantRuns& r : runs)
    if (r.finished() > 0) fewest = std::min(fewest.value_or(r.test_examples), r.test_examples);
  return fewest.value_or(0);
}
}  // namespace

Results collect_results(const StudyPlan& plan, const std::string& folder, int64_t look) {
  Results results;
  results.metric = plan.study.metric;
  results.look = look;
  std::vector<VariantRuns> runs;
  size_t base = 0;
  for (const PlannedVariant& v : plan.variants) {
    if (v.name == plan.study.baseline) base = runs.size();
    runs.push_back(read_runs(plan.study, folder, v.name));
    if (!runs.back().metric.empty()) results.metric = runs.back().metric;
  }
  Evidence& e = results.evidence;
  e = {.baseline = base,
       .maximize = plan.study.maximize,
       .alpha = alpha_of_look(plan.study.alpha, look),
       .next_alpha = alpha_of_look(plan.study.alpha, look + 1),
       .least_effect = plan.study.least_effect,
       .overlap = plan.overlap,
       .test_examples = fewest_test_examples(runs, plan.study.metric)};
  results.alpha = e.alpha;
  results.least_effect = e.least_effect;
  results.overlap = e.overlap;
  results.test_examples = e.test_examples;
  results.comparisons = int64_t(plan.variants.size()) - 1;
  for (const VariantRuns& r : runs) {
    e.variants.push_back(r.outcomes);
    e.sees_answers.push_back(!r.sees_answers.empty());
  }
  const std::vector<Decision> decisions = decide(e);
  for (size_t v = 0; v < runs.size(); ++v) {
    ResultRow row = row_of(plan.variants[v], runs[v], e.test_examples, e.overlap);
    row.decision = decisions[v];
    row.outlook = outlook_of(decisions[v], e);
    if (v != base) row.time_ratio = times(runs[v], runs[base]);
    for (const SeedOutcome& o : runs[v].outcomes)
      results.complete = results.complete && o.state == SeedOutcome::kDone;
    results.rows.push_back(std::move(row));
  }
  for (size_t v = 0; v < runs.size(); ++v)
    results.audit.push_back(audit_line(plan, plan.variants[v], runs[v].folders));
  results.budget = budget_of(plan, results.audit);
  results.settings = settings_of(plan);
  return results;
}
}  // namespace cambium
