// What the updates of a run cost, phase by phase.
#include <algorithm>

#include "train/graphs/step_graph.h"
#include "train/thaw/unfreeze.h"

namespace cambium {
namespace {
// Kept with the experiment, since the graphs of a phase are not.
const StepCost& cost_in(const Experiment& e, const ThawPhase& phase) {
  if (phase.thawed == e.thawed) return step_of(e).cost;
  std::vector<int> key = {int(e.train.options.batch)};
  key.insert(key.end(), phase.thawed.begin(), phase.thawed.end());
  std::shared_ptr<const StepCost>& kept = e.built.costs[key];
  if (!kept) kept = std::make_shared<const StepCost>(step_of(in_phase(e, phase)).cost);
  return *kept;
}
}  // namespace

RunCost::RunCost(const Experiment& e, int64_t total) : total_(total) {
  for (const ThawPhase& phase : phases_of(e, total))
    parts_.push_back({phase.begin, cost_in(e, phase)});
}

double RunCost::flops_after(int64_t updates) const {
  double sum = 0;
  for (size_t k = 0; k < parts_.size(); ++k) {
    const int64_t end = k + 1 < parts_.size() ? parts_[k + 1].begin : updates;
    const int64_t count = std::min(end, updates) - parts_[k].begin;
    if (count > 0) sum += double(count) * parts_[k].cost.flops_per_step;
  }
  return sum;
}

StepCost RunCost::mean() const {
  StepCost out = parts_[0].cost;
  if (parts_.size() == 1) return out;
  out.flops_per_step = flops_after(total_) / double(total_);
  double products = 0;
  for (size_t k = 0; k < parts_.size(); ++k) {
    const int64_t end = k + 1 < parts_.size() ? parts_[k + 1].begin : total_;
    products += double(end - parts_[k].begin) * parts_[k].cost.products_per_step;
  }
  out.products_per_step = products / double(total_);
  return out;
}

StepCost step_cost(const Experiment& e) {
  return RunCost(e, e.total_steps()).mean();
}

int64_t steps_of_flops(const Experiment& e, double flops) {
  const auto cost = [&](int64_t n) { return RunCost(e, n).flops_after(n); };
  int64_t low = 1, high = 1;
  while (cost(high) < flops && high < int64_t(1) << 50) high *= 2;
  while (low < high) {  // the first length that costs as much
    const int64_t middle = low + (high - low) / 2;
    if (cost(middle) < flops)
      low = middle + 1;
    else
      high = middle;
  }
  return low > 1 && flops - cost(low - 1) < cost(low) - flops ? low - 1 : low;
}
}  // namespace cambium
