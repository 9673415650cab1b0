#include "search/results/aggregate.h"

#include <algorithm>
#include <cmath>

#include "core/hash.h"
#include "search/study/cell.h"
#include "train/run/metrics.h"

namespace cambium {
namespace {
constexpr int kProfilePlaces = 41;

// One variant's outcomes, [task][seed].
using OnTasks = std::vector<const std::vector<SeedOutcome>*>;

double score_of(const SeedOutcome& o, const TaskSummary& task) {
  if (o.state == SeedOutcome::kFailed) return 0;
  if (task.scoring != Scoring::kRatio)
    return task.scoring == Scoring::kComplement ? 1 - o.value : o.value;
  // A loss of nothing is as good as a millionth of the baseline's.
  return task.baseline / std::max(o.value, 1e-6 * task.baseline);
}

bool ended(const OnTasks& v, size_t seed) {
  return std::ranges::none_of(
      v, [&](const auto* task) { return (*task)[seed].state == SeedOutcome::kPending; });
}

class Aggregator {
 public:
  Aggregator(const StudyPlan& plan, const CellOutcomes& outcomes, std::vector<TaskSummary> tasks)
      : plan_(plan), tasks_(std::move(tasks)) {
    for (size_t i = 0; i < outcomes.size(); ++i) {
      const std::string name(variant_of(plan.variants[i].name));
      if (!std::ranges::count(names_, name)) {
        names_.push_back(name);
        variants_.emplace_back();
      }
      variants_[size_t(std::ranges::find(names_, name) - names_.begin())].push_back(&outcomes[i]);
    }
    base_ = size_t(std::ranges::find(names_, plan.study.baseline) - names_.begin());
  }

  Aggregate aggregate(Evidence& e) {
    if (!settle_baselines()) return {.tasks = std::move(tasks_), .rows = {}};
    fill(e);
    const std::vector<Decision> decisions = decide(e);
    Aggregate out;
    for (size_t v = 0; v < names_.size(); ++v) {
      AggregateRow row = row_of(v);
      row.decision = decisions[v];
      row.outlook = outlook_of(decisions[v], e);
      out.rows.push_back(std::move(row));
    }
    add_profiles(out.rows);
    out.tasks = std::move(tasks_);
    return out;
  }

 private:
  bool settle_baselines();
  void fill(Evidence& e) const;
  SeedOutcome mean_score(size_t variant, size_t seed) const;
  TaskScores scores(size_t variant, const std::vector<size_t>& seeds) const;
  std::vector<size_t> seeds_ended(size_t a, size_t b) const;
  AggregateRow row_of(size_t variant) const;
  void add_profiles(std::vector<AggregateRow>& rows) const;

  const StudyPlan& plan_;
  std::vector<TaskSummary> tasks_;
  std::vector<std::string> names_;
  std::vector<OnTasks> variants_;
  size_t base_ = 0;
};

// False while the baseline has finished nothing on some task whose losses it is to divide.
bool Aggregator::settle_baselines() {
  for (size_t t = 0; t < tasks_.size(); ++t) {
    std::vector<double> values;
    for (const SeedOutcome& o : *variants_[base_][t])
      if (o.state == SeedOutcome::kDone) values.push_back(o.value);
    if (values.empty()) return false;
    tasks_[t].baseline = mean_of(values);
    if (tasks_[t].scoring == Scoring::kRatio && tasks_[t].baseline <= 0) return false;
  }
  return true;
}

// The mean over tasks: pending while a task's run is, failed where one failed.
SeedOutcome Aggregator::mean_score(size_t v, size_t seed) const {
  SeedOutcome out{SeedOutcome::kDone};
  std::string numbers;
  bool known = true;
  for (size_t t = 0; t < tasks_.size(); ++t) {
    const SeedOutcome& o = (*variants_[v][t])[seed];
    if (o.state == SeedOutcome::kPending) return {};
    if (o.state == SeedOutcome::kFailed) out.state = SeedOutcome::kFailed;
    out.value += score_of(o, tasks_[t]) / double(tasks_.size());
    known &= o.numbers != 0;
    numbers += str(o.numbers, " ");
  }
  if (known) out.numbers = hash_text(numbers);
  return out;
}

void Aggregator::fill(Evidence& e) const {
  e.baseline = base_;
  e.maximize = true;
  double per_example = 0;  // the variance of a mean of shares goes with the mean of 1 / examples
  bool shares = true;
  for (const TaskSummary& t : tasks_) {
    shares &= is_share(t.metric) && t.test_examples > 0;
    if (shares) per_example += 1 / double(t.test_examples);
  }
  const double tasks = double(tasks_.size());
  e.test_examples = shares ? int64_t(tasks * tasks / per_example) : 0;
  for (size_t v = 0; v < names_.size(); ++v) {
    e.variants.emplace_back();
    for (size_t s = 0; s < plan_.study.seeds.size(); ++s)
      e.variants.back().push_back(mean_score(v, s));
  }
}

std::vector<size_t> Aggregator::seeds_ended(size_t a, size_t b) const {
  std::vector<size_t> out;
  for (size_t s = 0; s < plan_.study.seeds.size(); ++s)
    if (ended(variants_[a], s) && ended(variants_[b], s)) out.push_back(s);
  return out;
}

TaskScores Aggregator::scores(size_t v, const std::vector<size_t>& seeds) const {
  TaskScores out;
  for (size_t t = 0; t < tasks_.size(); ++t) {
    out.emplace_back();
    for (size_t s : seeds) out.back().push_back(score_of((*variants_[v][t])[s], tasks_[t]));
  }
  return out;
}

AggregateRow Aggregator::row_of(size_t v) const {
  AggregateRow row{.variant = names_[v]};
  const std::vector<size_t> own = seeds_ended(v, v), both = seeds_ended(v, base_);
  row.seeds = int64_t(own.size());
  if (own.empty()) return row;
  const TaskScores all = scores(v, own);
  row.iqm = interquartile_mean(all);
  row.mean = 0;
  for (const auto& task : all) row.mean += mean_of(task) / double(all.size());
  // Outcomes on overlapping parts of one data set must not be drawn as if each stood for itself.
  const bool alone = plan_.overlap == 0;
  if (row.seeds >= kIntervalSeeds && alone) row.interval = stratified_interval(all);
  if (v == base_ || both.empty()) return row;
  const TaskScores a = scores(v, both), b = scores(base_, both);
  row.iqm_difference = interquartile_mean(a) - interquartile_mean(b);
  if (int64_t(both.size()) >= kIntervalSeeds && alone)
    row.iqm_difference_interval = stratified_difference(a, b);
  row.improvement = chance_of_improvement(a, b);
  return row;
}

// At equal steps from the lowest score of any variant to the highest.
void Aggregator::add_profiles(std::vector<AggregateRow>& rows) const {
  std::vector<TaskScores> all;
  double low = INFINITY, high = -INFINITY;
  for (size_t v = 0; v < names_.size(); ++v) {
    all.push_back(scores(v, seeds_ended(v, v)));
    for (const auto& task : all.back())
      for (double x : task) {
        low = std::min(low, x);
        high = std::max(high, x);
      }
  }
  if (!std::isfinite(low) || !std::isfinite(high) || low == high) return;
  std::vector<double> at;
  for (int i = 0; i < kProfilePlaces; ++i)
    at.push_back(low + (high - low) * i / (kProfilePlaces - 1));
  for (size_t v = 0; v < names_.size(); ++v)
    if (rows[v].seeds > 0) rows[v].profile = performance_profile(all[v], at);
}
}  // namespace

Aggregate aggregate_of(const StudyPlan& plan, const CellOutcomes& outcomes,
                       std::vector<TaskSummary> tasks, Evidence& evidence) {
  return Aggregator(plan, outcomes, std::move(tasks)).aggregate(evidence);
}
}  // namespace cambium
