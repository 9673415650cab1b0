#include "search/mixtures/study/mix_pairs.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "search/mixtures/fit/ranks.h"

namespace cambium {
namespace {
using BySeed = std::map<int64_t, double>;                  // loss
using ByMixture = std::vector<std::pair<Shares, BySeed>>;  // in the order of the record

ByMixture losses_of(const MixRecord& record, const std::string& variant) {
  ByMixture out;
  for (const RecordedMixRun& run : record.runs) {
    if (run.variant != variant) continue;
    auto at = std::ranges::find(out, run.shares, &ByMixture::value_type::first);
    if (at == out.end()) at = out.insert(at, {run.shares, {}});
    at->second[run.seed] = run.target;
  }
  return out;
}

double mean_over_seeds(const BySeed& losses) {
  double sum = 0;
  for (const auto& [seed, loss] : losses) sum += loss;
  return sum / double(losses.size());
}

// Of the mixtures that both have, which then stand in the same order.
void keep_common(ByMixture& a, ByMixture& b) {
  const auto in = [](const ByMixture& all, const Shares& shares) {
    return std::ranges::find(all, shares, &ByMixture::value_type::first) != all.end();
  };
  std::erase_if(a, [&](const auto& m) { return !in(b, m.first); });
  std::erase_if(b, [&](const auto& m) { return !in(a, m.first); });
}

// The mean of rank correlations over all pairs of one seed of each; of one variant with itself,
// over pairs of different seeds. Unknown where there are none.
double over_single_runs(const ByMixture& a, const ByMixture& b, bool same) {
  std::map<std::pair<int64_t, int64_t>, std::pair<std::vector<double>, std::vector<double>>> pairs;
  for (size_t i = 0; i < a.size(); ++i)
    for (const auto& [seed_a, loss_a] : a[i].second)
      for (const auto& [seed_b, loss_b] : b[i].second) {
        if (same && seed_a >= seed_b) continue;
        auto& [x, y] = pairs[{seed_a, seed_b}];
        x.push_back(loss_a);
        y.push_back(loss_b);
      }
  double sum = 0;
  int n = 0;
  for (const auto& [seeds, values] : pairs)
    if (const auto rho = spearman(values.first, values.second)) {
      sum += *rho;
      ++n;
    }
  return n > 0 ? sum / n : kUnknown;
}

MixturePoints flattened(const MixRecord& record, const ByMixture& losses) {
  MixturePoints out;
  for (const RecordedSource& s : record.sources) out.sources.push_back(s.name);
  for (const auto& [shares, by_seed] : losses)
    for (const auto& [seed, loss] : by_seed) {
      out.shares.push_back(shares);
      out.losses.push_back(loss);
    }
  return out;
}

// Simultaneous 95 % for all sources (Bonferroni).
void add_differences(MixturePair& pair, const BestMixture& a, const BestMixture& b) {
  const size_t sources = a.shares.size();
  for (size_t s = 0; s < sources; ++s) {
    pair.difference.push_back(a.shares[s] - b.shares[s]);
    std::vector<double> drawn;
    for (size_t d = 0; d < std::min(a.resampled.size(), b.resampled.size()); ++d)
      if (!a.resampled[d].empty() && !b.resampled[d].empty())
        drawn.push_back(a.resampled[d][s] - b.resampled[d][s]);
    if (drawn.size() < 20) return;
    const Interval i = middle_of(std::move(drawn), 1 - 0.05 / double(sources));
    pair.differences.push_back(i);
    pair.differ = pair.differ || i.low > 0 || i.high < 0;
  }
}
}  // namespace

MixturePoints points_of(const MixRecord& record, const std::string& variant) {
  return flattened(record, losses_of(record, variant));
}

double noise_among_seeds(const MixturePoints& points) {
  std::map<Shares, std::vector<double>> by_mixture;
  for (size_t i = 0; i < points.size(); ++i)
    by_mixture[points.shares[i]].push_back(points.losses[i]);
  double squares = 0, freedom = 0;
  for (const auto& [shares, losses] : by_mixture) {
    squares += std::pow(deviation_of(losses), 2) * double(losses.size() - 1);
    freedom += double(losses.size() - 1);
  }
  return freedom > 0 ? std::sqrt(squares / freedom) : kUnknown;
}

MixturePair compare_variants(const MixRecord& record, const FittedVariant& a,
                             const FittedVariant& b,
                             const std::vector<std::vector<double>>& candidates, uint64_t seed,
                             int draws) {
  ByMixture of_a = losses_of(record, a.variant), of_b = losses_of(record, b.variant);
  const size_t all_a = of_a.size(), all_b = of_b.size();
  keep_common(of_a, of_b);
  MixturePair pair{.a = a.variant, .b = b.variant, .mixtures = int64_t(of_a.size())};
  std::vector<double> x, y;
  for (size_t i = 0; i < of_a.size(); ++i) {
    x.push_back(mean_over_seeds(of_a[i].second));
    y.push_back(mean_over_seeds(of_b[i].second));
  }
  pair.spearman = spearman(x, y).value_or(kUnknown);
  if (const auto i = spearman_interval(x, y, seed)) pair.interval = *i;
  pair.single = over_single_runs(of_a, of_b, false);
  pair.repeat = (over_single_runs(of_a, of_a, true) + over_single_runs(of_b, of_b, true)) / 2;
  if (of_a.size() == all_a && of_b.size() == all_b) {
    add_differences(pair, a.best, b.best);
    return pair;
  }
  try {
    add_differences(pair,
                    best_mixture(flattened(record, of_a), *a.form, candidates, {}, seed, draws),
                    best_mixture(flattened(record, of_b), *b.form, candidates, {}, seed, draws));
  } catch (const UserError&) {
    return pair;  // too few that both finished
  }
  return pair;
}
}  // namespace cambium
