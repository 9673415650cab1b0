#include "search/mixtures/fit/best.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"
#include "search/mixtures/fit/ranks.h"

namespace cambium {
namespace {
constexpr int64_t kCandidates = 10'000;
constexpr size_t kLeast = kCandidates / 100;
constexpr size_t kFewestResamples = 20;

// The rows of each mixture, in the order in which mixtures first stand.
std::vector<std::vector<size_t>> rows_by_mixture(const MixturePoints& points) {
  std::map<std::vector<double>, size_t> known;
  std::vector<std::vector<size_t>> rows;
  for (size_t i = 0; i < points.size(); ++i) {
    const auto [at, fresh] = known.try_emplace(points.shares[i], rows.size());
    if (fresh) rows.emplace_back();
    rows[at->second].push_back(i);
  }
  return rows;
}
}  // namespace

std::vector<std::vector<double>> mixture_candidates(MixtureDraws draws, uint64_t seed) {
  draws.repeats = true;
  return draw_mixtures(draws, kCandidates, seed + stream_of("mixture.candidates"));
}

std::vector<double> least_mixture(const FittedMixture& fitted,
                                  const std::vector<std::vector<double>>& candidates) {
  ensure(candidates.size() >= kLeast, "only ", candidates.size(), " candidates");
  std::vector<double> foretold;
  for (const std::vector<double>& w : candidates) foretold.push_back(fitted.at(w));
  std::vector<size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), 0);
  const auto less = [&](size_t a, size_t b) {
    return foretold[a] != foretold[b] ? foretold[a] < foretold[b] : a < b;
  };
  const size_t n = std::max<size_t>(1, candidates.size() / 100);
  std::nth_element(order.begin(), order.begin() + ptrdiff_t(n - 1), order.end(), less);
  std::sort(order.begin(), order.begin() + ptrdiff_t(n));  // sums in one order
  std::vector<double> mean(candidates.front().size(), 0);
  for (size_t k = 0; k < n; ++k)
    for (size_t s = 0; s < mean.size(); ++s) mean[s] += candidates[order[k]][s] / double(n);
  return mean;
}

BestMixture best_mixture(const MixturePoints& points, const MixtureForm& form,
                         const std::vector<std::vector<double>>& candidates,
                         const std::vector<std::vector<double>>& others, uint64_t seed, int draws) {
  const auto fitted = form.fit(points);
  BestMixture best;
  best.shares = rounded_shares(least_mixture(*fitted, candidates));
  best.foretold = fitted->at(best.shares);
  for (const std::vector<double>& w : others) best.above.push_back(fitted->at(w) - best.foretold);
  const std::vector<std::vector<size_t>> mixtures = rows_by_mixture(points);
  std::vector<std::vector<double>> above(others.size());
  Random random(seed, stream_of("mixture.resamples"));
  for (int d = 0; d < draws; ++d) {
    std::vector<size_t> rows;
    for (size_t k = 0; k < mixtures.size(); ++k) {
      const std::vector<size_t>& own = mixtures[random.below(uint32_t(mixtures.size()))];
      rows.insert(rows.end(), own.begin(), own.end());
    }
    best.resampled.emplace_back();  // empty where it cannot be fitted
    try {
      const auto again = form.fit(points.only(rows));
      best.resampled.back() = least_mixture(*again, candidates);
      for (size_t k = 0; k < others.size(); ++k)
        above[k].push_back(again->at(others[k]) - again->at(best.shares));
    } catch (const UserError&) {
      continue;
    }
  }
  std::vector<std::vector<double>> of_source(points.sources.size());
  for (const std::vector<double>& w : best.resampled)
    for (size_t s = 0; s < w.size(); ++s) of_source[s].push_back(w[s]);
  if (of_source.front().size() < kFewestResamples) return best;
  for (std::vector<double>& shares : of_source)
    best.interval.push_back(middle_of(std::move(shares)));
  for (std::vector<double>& differences : above)
    best.above_interval.push_back(middle_of(std::move(differences)));
  return best;
}
}  // namespace cambium
