#include "search/mixtures/fit/ranks.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"

namespace cambium {
std::vector<double> ranks_of(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](size_t i) { return values[i]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t k = begin; k < end; ++k) ranks[order[k]] = double(begin + end - 1) / 2;
  }
  return ranks;
}

std::optional<double> spearman(std::span<const double> a, std::span<const double> b) {
  ensure(a.size() == b.size(), "ranks of ", a.size(), " and ", b.size(), " things");
  if (a.size() < 2) return std::nullopt;
  const std::vector<double> x = ranks_of(a), y = ranks_of(b);
  const double middle = double(a.size() - 1) / 2;
  double xx = 0, yy = 0, xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - middle) * (x[i] - middle);
    yy += (y[i] - middle) * (y[i] - middle);
    xy += (x[i] - middle) * (y[i] - middle);
  }
  if (xx == 0 || yy == 0) return std::nullopt;
  return xy / std::sqrt(xx * yy);
}

std::optional<Interval> spearman_interval(std::span<const double> a, std::span<const double> b,
                                          uint64_t seed, int draws, double level) {
  if (a.size() < 6 || !spearman(a, b)) return std::nullopt;
  Random random(seed, stream_of("spearman"));
  std::vector<double> found, x(a.size()), y(a.size());
  for (int d = 0; d < draws; ++d) {
    for (size_t i = 0; i < x.size(); ++i) {
      const size_t k = random.below(uint32_t(a.size()));
      x[i] = a[k];
      y[i] = b[k];
    }
    if (const auto rho = spearman(x, y)) found.push_back(*rho);
  }
  if (found.empty()) return std::nullopt;
  return middle_of(std::move(found), level);
}

Interval middle_of(std::vector<double> values, double level) {
  ensure(!values.empty(), "the middle of no values");
  std::ranges::sort(values);
  const auto at = [&](double share) {
    const double place = share * double(values.size() - 1);
    const auto i = size_t(place);
    const size_t next = std::min(i + 1, values.size() - 1);
    return values[i] + (place - double(i)) * (values[next] - values[i]);
  };
  return {at((1 - level) / 2), at((1 + level) / 2)};
}
}  // namespace cambium
