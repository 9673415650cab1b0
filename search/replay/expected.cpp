#include "search/replay/expected.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"
#include "search/answer/front.h"

namespace cambium {
namespace {
constexpr double kTail = 0.025;  // beyond each end of the middle 95 %

// n draws of `all` values, of which those that are not NaN are `sorted`.
DrawnBest least_of_draws(std::span<const double> sorted, int64_t all, int64_t n) {
  ensure(n >= 1 && n <= all, n, " draws of ", all);
  // Rank i is the least when it is drawn and the other n - 1 come from those behind it.
  double chance = double(n) / double(all), sum = 0, used = 0;
  std::vector<double> chances;
  for (int64_t i = 0; i < int64_t(sorted.size()) && chance > 0; ++i) {
    sum += chance * sorted[size_t(i)];
    used += chance;
    chances.push_back(chance);
    const int64_t behind = all - 1 - i;
    chance *= behind > 0 ? double(behind - (n - 1)) / double(behind) : 0;
  }
  DrawnBest out{sum / used, NAN, NAN};
  double passed = 0;
  for (size_t i = 0; i < chances.size(); ++i) {
    passed += chances[i];
    if (std::isnan(out.low) && passed >= kTail * used) out.low = sorted[i];
    if (std::isnan(out.high) && passed >= (1 - kTail) * used) out.high = sorted[i];
  }
  return out;
}

std::vector<double> sorted_without_nan(std::span<const double> values) {
  std::vector<double> sorted;
  for (const double v : values)
    if (!std::isnan(v)) sorted.push_back(v);
  std::ranges::sort(sorted);
  return sorted;
}
}  // namespace

double expected_least(std::span<const double> values, int64_t n) {
  return least_of_draws(sorted_without_nan(values), int64_t(values.size()), n).mean;
}

std::vector<DrawnBest> drawn_least(std::span<const double> values,
                                   std::span<const int64_t> counts) {
  const std::vector<double> sorted = sorted_without_nan(values);
  std::vector<DrawnBest> out;
  for (const int64_t n : counts) out.push_back(least_of_draws(sorted, int64_t(values.size()), n));
  return out;
}

std::vector<DrawnBest> drawn_hypervolumes(std::span<const std::vector<double>> results,
                                          std::span<const int64_t> counts,
                                          std::span<const double> reference, int draws,
                                          uint64_t seed) {
  Random random(seed, stream_of("search.random_hypervolume"));
  std::vector<size_t> order(results.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::vector<std::vector<double>> volumes(counts.size());
  for (int k = 0; k < draws; ++k) {
    std::vector<std::vector<double>> front;
    size_t drawn = 0;
    for (size_t c = 0; c < counts.size(); ++c) {
      ensure(counts[c] <= int64_t(results.size()), counts[c], " draws of ", results.size());
      for (; drawn < size_t(counts[c]); ++drawn) {
        std::swap(order[drawn], order[drawn + random.below(uint32_t(order.size() - drawn))]);
        const std::vector<double>& r = results[order[drawn]];
        if (std::ranges::equal(r, reference, std::less{})) add_to_front(front, r);
      }
      volumes[c].push_back(hypervolume(front, reference));
    }
  }
  std::vector<DrawnBest> out;
  for (std::vector<double>& v : volumes) {
    const double sum = std::accumulate(v.begin(), v.end(), 0.0);
    std::ranges::sort(v);
    const auto rank = [&](double share) {
      return v[size_t(std::lround(share * double(v.size() - 1)))];
    };
    out.push_back({sum / draws, rank(kTail), rank(1 - kTail)});
  }
  return out;
}

double mean_random_hypervolume(std::span<const std::vector<double>> results, int64_t n,
                               std::span<const double> reference, int draws, uint64_t seed) {
  return drawn_hypervolumes(results, {&n, 1}, reference, draws, seed)[0].mean;
}
}  // namespace cambium
