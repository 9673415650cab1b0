#include "search/methods/support/known_losses.h"

#include <algorithm>
#include <cmath>

#include "search/verdict/stats.h"

namespace cambium {
namespace {
bool has_losses(const TrialOutcome& o) {
  return !o.failed && std::ranges::all_of(o.losses, [](double l) { return std::isfinite(l); });
}

void standardise(std::vector<double>& x) {
  const double mean = mean_of(x), deviation = deviation_of(x);
  for (double& v : x) v = deviation > 0 ? (v - mean) / deviation : 0;
}

void cut_far_ones(std::vector<double>& x) {
  std::vector<double> sorted = x;
  std::ranges::sort(sorted);
  const double low = sorted[sorted.size() / 4], high = sorted[sorted.size() * 3 / 4];
  const double most = sorted[sorted.size() / 2] + 4 * (high - low);
  for (double& v : x)
    if (high > low) v = std::min(v, most);
}

// Of one objective.
std::vector<double> losses_of(std::span<const TrialOutcome* const> outcomes, size_t objective) {
  double best = HUGE_VAL, worst = -HUGE_VAL, most_broken = 0;
  for (const TrialOutcome* o : outcomes) {
    if (!has_losses(*o)) continue;
    most_broken = std::max(most_broken, o->violation);
    if (o->violation > 0) continue;
    best = std::min(best, o->losses[objective]);
    worst = std::max(worst, o->losses[objective]);
  }
  if (best > worst) best = worst = 0;  // nothing fulfils all
  const double range = worst > best ? worst - best : 1;
  std::vector<double> out;
  for (const TrialOutcome* o : outcomes) {
    if (!has_losses(*o))
      out.push_back(NAN);
    else if (o->violation > 0)
      out.push_back(worst + range * o->violation / most_broken);
    else
      out.push_back(o->losses[objective]);
  }
  double most = -HUGE_VAL;
  for (const double v : out)
    if (!std::isnan(v)) most = std::max(most, v);
  for (double& v : out)
    if (std::isnan(v)) v = std::isfinite(most) ? most : 0;
  return out;
}
}  // namespace

std::vector<std::vector<double>> known_losses(std::span<const PastTrial> history,
                                              std::span<const size_t> trials) {
  std::vector<const TrialOutcome*> outcomes;
  size_t objectives = 1;
  for (const size_t t : trials) {
    outcomes.push_back(&*history[t].outcome);
    if (has_losses(*outcomes.back())) objectives = outcomes.back()->losses.size();
  }
  std::vector<std::vector<double>> out;
  for (size_t m = 0; m < objectives; ++m) {
    out.push_back(losses_of(outcomes, m));
    cut_far_ones(out.back());
    standardise(out.back());
  }
  return out;
}

std::vector<double> weighed_losses(const std::vector<std::vector<double>>& losses, Random& random) {
  std::vector<double> weights;
  double all = 0;
  for (size_t m = 0; m < losses.size(); ++m) {
    weights.push_back(-std::log(1 - random.uniform()));  // uniform where they add up to 1
    all += weights.back();
  }
  std::vector<double> out(losses[0].size());
  for (size_t i = 0; i < out.size(); ++i) {
    double largest = -HUGE_VAL, sum = 0;
    for (size_t m = 0; m < losses.size(); ++m) {
      const auto [least, most] = std::ranges::minmax(losses[m]);
      const double share = most > least ? (losses[m][i] - least) / (most - least) : 0;
      largest = std::max(largest, weights[m] / all * share);
      sum += weights[m] / all * share;
    }
    out[i] = largest + 0.05 * sum;
  }
  standardise(out);
  return out;
}
}  // namespace cambium
