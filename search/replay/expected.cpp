#include "search/replay/expected.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"
#include "search/answer/front.h"

namespace cambium {
double expected_least(std::span<const double> values, int64_t n) {
  std::vector<double> sorted;
  for (const double v : values)
    if (!std::isnan(v)) sorted.push_back(v);
  std::ranges::sort(sorted);
  const auto all = int64_t(values.size());
  ensure(n >= 1 && n <= all, n, " draws of ", all);
  // Rank i is the least when it is drawn and the other n - 1 come from those behind it.
  double chance = double(n) / double(all), sum = 0, used = 0;
  for (int64_t i = 0; i < int64_t(sorted.size()) && chance > 0; ++i) {
    sum += chance * sorted[size_t(i)];
    used += chance;
    const int64_t behind = all - 1 - i;
    chance *= behind > 0 ? double(behind - (n - 1)) / double(behind) : 0;
  }
  return sum / used;
}

double mean_random_hypervolume(std::span<const std::vector<double>> results, int64_t n,
                               std::span<const double> reference, int draws, uint64_t seed) {
  Random random(seed, stream_of("search.random_hypervolume"));
  std::vector<size_t> order(results.size());
  std::iota(order.begin(), order.end(), size_t(0));
  double sum = 0;
  for (int k = 0; k < draws; ++k) {
    std::vector<std::vector<double>> drawn;
    for (size_t i = 0; i < size_t(n); ++i) {
      std::swap(order[i], order[i + random.below(uint32_t(order.size() - i))]);
      drawn.push_back(results[order[i]]);
    }
    sum += hypervolume(drawn, reference);
  }
  return sum / draws;
}
}  // namespace cambium
