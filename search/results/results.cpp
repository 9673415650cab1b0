#include "search/results/results.h"

#include <algorithm>
#include <cmath>

#include "core/hash.h"
#include "search/results/aggregate.h"
#include "search/study/cell.h"
#include "search/study/tasks.h"
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
  const bool tested = run.test && run.test->find(runs.metric);
  const RunScores split = (tested ? run.test : run.best).value_or(RunScores());
  const double* value = split.find(runs.metric);
  if (!value)
    throw UserError(str("'", folder, "/run.json' lacks a result: ", runs.metric),
                    "remove this run's folder and compare again");
  runs.outcomes.back() = {SeedOutcome::kDone, *value, hash_text(numbers_text(run))};
  runs.times.back() = run_time(folder);
  runs.folders.push_back(folder);
  runs.flops.push_back(std::isfinite(run.flops) ? run.flops : 0);
  runs.peak_bytes = std::max(runs.peak_bytes, run.peak_bytes);
  const int64_t scored = std::max<int64_t>(0, split.scored_by(runs.metric));
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
    if (run.done()) add_finished(runs, run, metric_of(study, name).name, run_folder);
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
  if (row.interval && is_share(runs.metric))  // t knows no ends
    row.interval = Interval{std::max(0.0, row.interval->low), std::min(1.0, row.interval->high)};
  // Outcomes on overlapping parts of one data set must not be drawn as if each stood for itself.
  if (row.n >= kBootstrapSeeds && overlap == 0)
    row.bootstrap = bootstrap_interval(values, hash_text(v.name));
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
  return common_budget(
      audit, budget ? budget->kind : Budget::kSteps,
      budget ? budget->value
             : plan.at(on_task_of(plan.variants.front().name, plan.study.baseline)).planned);
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
int64_t fewest_test_examples(const std::vector<const VariantRuns*>& runs,
                             const std::string& metric) {
  if (!is_share(metric)) return 0;
  std::optional<int64_t> fewest;
  for (const VariantRuns* r : runs)
    if (r->finished() > 0) fewest = std::min(fewest.value_or(r->test_examples), r->test_examples);
  return fewest.value_or(0);
}

// The cells of one task, or all variants of a study without tasks.
struct Group {
  std::string task;
  std::vector<size_t> cells;  // places in the plan
  size_t baseline = 0;        // place among them
};

std::vector<Group> groups_of(const StudyPlan& plan) {
  std::vector<Group> groups;
  for (size_t i = 0; i < plan.variants.size(); ++i) {
    const std::string& name = plan.variants[i].name;
    if (groups.empty() || groups.back().task != task_of(name))
      groups.push_back({std::string(task_of(name)), {}});
    if (variant_of(name) == plan.study.baseline)
      groups.back().baseline = groups.back().cells.size();
    groups.back().cells.push_back(i);
  }
  return groups;
}

class Collector {
 public:
  Collector(const StudyPlan& plan, const std::string& folder, int64_t look)
      : plan_(plan), groups_(groups_of(plan)) {
    results_.metric = plan.study.metric;
    results_.look = look;
    for (const PlannedVariant& v : plan.variants) {
      runs_.push_back(read_runs(plan.study, folder, v.name));
      if (!runs_.back().metric.empty() && plan.study.tasks.empty())
        results_.metric = runs_.back().metric;
    }
  }

  Results collect();

 private:
  bool has_tasks() const { return !plan_.study.tasks.empty(); }

  // Tasks and the whole share alpha.
  double parts() const { return has_tasks() ? double(groups_.size() + 1) : 1; }

  Evidence evidence(bool with_least_effect) const;
  TaskSummary judge(const Group& group);
  void aggregate(std::vector<TaskSummary> tasks);

  const StudyPlan& plan_;
  std::vector<Group> groups_;
  std::vector<VariantRuns> runs_;
  Levels levels_;  // of all groups
  Results results_;
};

// Without outcomes.
Evidence Collector::evidence(bool with_least_effect) const {
  Evidence e{.alpha = alpha_of_look(plan_.study.alpha, results_.look) / parts(),
             .next_alpha = alpha_of_look(plan_.study.alpha, results_.look + 1) / parts(),
             .least_effect = with_least_effect ? plan_.study.least_effect : 0,
             .overlap = plan_.overlap,
             .looks = plan_.study.looks};
  e.levels = levels_;
  if (e.least_effect <= 0) e.levels.equivalence = 0;
  if (e.least_effect <= 0 && e.looks.empty()) e.levels.difference = 0;
  return e;
}

// The rows of one group.
TaskSummary Collector::judge(const Group& group) {
  const std::string& first = plan_.variants[group.cells.front()].name;
  const Metric metric = metric_of(plan_.study, first);
  std::vector<const VariantRuns*> runs;
  TaskSummary task{.name = group.task, .metric = metric.name};
  for (size_t i : group.cells) {
    runs.push_back(&runs_[i]);
    if (!runs_[i].metric.empty()) task.metric = runs_[i].metric;
  }
  // Least effects of tasks are shares of a score, which losses are not.
  Evidence e = evidence(!has_tasks() || is_share(metric.name));
  e.baseline = group.baseline;
  e.maximize = metric.maximize;
  task.test_examples = e.test_examples = fewest_test_examples(runs, metric.name);
  task.scoring = scoring_of(metric.name);
  for (const VariantRuns* r : runs) {
    e.variants.push_back(r->outcomes);
    e.sees_answers.push_back(!r->sees_answers.empty());
  }
  const std::vector<Decision> decisions = decide(e);
  for (size_t v = 0; v < runs.size(); ++v) {
    ResultRow row = row_of(plan_.variants[group.cells[v]], *runs[v], e.test_examples, e.overlap);
    row.decision = decisions[v];
    row.outlook = outlook_of(decisions[v], e);
    if (v != group.baseline) row.time_ratio = times(*runs[v], *runs[group.baseline]);
    for (const SeedOutcome& o : runs[v]->outcomes)
      results_.complete = results_.complete && o.state == SeedOutcome::kDone;
    results_.rows.push_back(std::move(row));
  }
  results_.evidence = std::move(e);
  return task;
}

void Collector::aggregate(std::vector<TaskSummary> tasks) {
  CellOutcomes outcomes;
  for (const VariantRuns& r : runs_) outcomes.push_back(r.outcomes);
  Evidence e = evidence(true);
  for (size_t v : groups_.front().cells) {
    bool sees = false;
    for (size_t i = 0; i < runs_.size(); ++i)
      sees |= variant_of(plan_.variants[i].name) == variant_of(plan_.variants[v].name) &&
              !runs_[i].sees_answers.empty();
    e.sees_answers.push_back(sees);
  }
  results_.aggregate = aggregate_of(plan_, outcomes, std::move(tasks), e);
  results_.evidence = std::move(e);
}

Results Collector::collect() {
  results_.alpha = alpha_of_look(plan_.study.alpha, results_.look) / parts();
  results_.least_effect = plan_.study.least_effect;
  results_.overlap = plan_.overlap;
  results_.looks = plan_.study.looks;
  results_.comparisons = int64_t(groups_.front().cells.size()) - 1;
  levels_ =
      levels_of(results_.alpha, results_.comparisons, results_.least_effect > 0, results_.looks);
  std::vector<TaskSummary> tasks;
  for (const Group& group : groups_) tasks.push_back(judge(group));
  if (has_tasks()) aggregate(std::move(tasks));
  results_.test_examples = results_.evidence.test_examples;
  for (size_t v = 0; v < runs_.size(); ++v)
    results_.audit.push_back(audit_line(plan_, plan_.variants[v], runs_[v].folders));
  for (const VariantRuns& r : runs_) results_.outcomes.push_back(r.outcomes);
  results_.budget = budget_of(plan_, results_.audit);
  results_.settings = settings_of(plan_);
  return std::move(results_);
}
}  // namespace

Results collect_results(const StudyPlan& plan, const std::string& folder, int64_t look) {
  return Collector(plan, folder, look).collect();
}

int64_t seeds_to_train(const Study& study, const Results& results, int64_t now) {
  std::vector<Decision> decisions;
  if (study.tasks.empty())
    for (const ResultRow& row : results.rows) decisions.push_back(row.decision);
  else
    for (const AggregateRow& row : results.aggregate.rows) decisions.push_back(row.decision);
  if (study.looks.empty() || (!decisions.empty() && all_decided(decisions))) return now;
  const auto next = std::ranges::upper_bound(study.looks, now);
  return next == study.looks.end() ? now : *next;
}
}  // namespace cambium
