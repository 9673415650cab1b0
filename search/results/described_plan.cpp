// The plan that a description holds, as far as results ask for it.
#include <algorithm>
#include <cmath>
#include <functional>

#include "search/results/description.h"
#include "search/study/cell.h"
#include "train/run/metrics.h"

namespace cambium {
namespace {
// Every variant on every task, task by task, the baseline among them.
bool is_complete(const Description& d) {
  const size_t tasks = std::max<size_t>(1, d.tasks.size()), each = d.variants.size() / tasks;
  if (d.variants.size() % tasks != 0) return false;
  for (size_t i = 0; i < d.variants.size(); ++i) {
    const std::string& first = d.variants[i % each].name;
    const std::string task = d.tasks.empty() ? "" : d.tasks[i / each].name;
    if (!d.tasks.empty() && d.variants[i].name != cell_name(variant_of(first), task)) return false;
  }
  return std::ranges::all_of(
             d.tasks, [&](const DescribedTask& t) { return is_validation_metric(t.metric); }) &&
         d.place(on_task_of(d.variants.front().name, d.baseline)) < each;
}

bool are_looks(const std::vector<int64_t>& looks) {
  return looks.empty() || (looks.front() >= kLeastSeeds && looks.back() <= 100 &&
                           std::ranges::is_sorted(looks, std::less_equal()));
}

// Whether a study could say so: the file may have been edited, and statistics stop at what is no
// probability.
bool can_be_judged(const Description& d) {
  const Frozen& f = d.frozen;
  return !d.seeds.empty() && is_complete(d) && are_looks(f.planned) &&
         is_validation_metric(d.metric) && f.alpha > 1e-6 && f.alpha < 1 && f.looks.size() < 20 &&
         f.least_effect >= 0 && std::isfinite(f.least_effect) && d.overlap >= 0 && d.overlap < 1e6;
}
}  // namespace

std::optional<StudyPlan> plan_of(const Description& d) {
  if (!can_be_judged(d)) return std::nullopt;
  StudyPlan plan;
  Study& s = plan.study;
  s.name = d.name;
  s.baseline = d.baseline;
  s.seeds = d.seeds;
  s.looks = d.frozen.planned;
  for (const DescribedTask& t : d.tasks)
    s.tasks.push_back({.name = t.name, .mark = {}, .metric = {t.metric, {}, t.maximize}});
  s.metric = d.metric;
  s.maximize = d.maximize;
  s.alpha = d.frozen.alpha;
  s.least_effect = d.frozen.least_effect;
  s.evaluations = d.evaluations;
  if (d.has_budget) s.budget = Budget{budget_kind_of(d.budget_kind), d.budget};
  plan.overlap = d.overlap;
  for (const DescribedVariant& v : d.variants) {
    if (v.examples_per_step < 0 || v.spec_yaml.empty()) return std::nullopt;
    PlannedVariant p{.name = v.name, .spec = {v.name, parse_yaml(v.spec_yaml, v.name)}};
    p.cost.parameters = v.parameters;
    p.cost.flops_per_step = v.flops_per_step;
    p.cost.products_per_step = v.products_per_step;
    p.steps = v.steps;
    p.examples_per_step = v.examples_per_step;
    p.planned = v.planned;
    p.evaluation_flops = v.evaluation_flops;
    p.validation_examples = v.validation_examples;
    p.test_examples = v.test_examples;
    plan.variants.push_back(std::move(p));
  }
  return plan;
}

}  // namespace cambium
