#include "search/answer/kendall.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"
#include "search/support/boost_math.h"

namespace cambium {
namespace {
constexpr size_t kFewestForInterval = 5;  // Fieller's variance is .437 / (n - 4)

// 0 for the least value, 1 for the next; equal values share a rank.
std::vector<size_t> ranks_of(std::span<const double> x) {
  std::vector<double> values(x.begin(), x.end());
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
  std::vector<size_t> out;
  for (const double v : x)
    out.push_back(size_t(std::ranges::lower_bound(values, v) - values.begin()));
  return out;
}

// Things in the order of a, each of which may count several times.
class Pairs {
 public:
  Pairs(std::span<const double> a, std::span<const double> b) : a_(ranks_of(a)), b_(ranks_of(b)) {
    order_.resize(a.size());
    std::iota(order_.begin(), order_.end(), size_t(0));
    std::ranges::stable_sort(order_, {}, [&](size_t i) { return a_[i]; });
    tree_.resize(1 + (b_.empty() ? 0 : *std::ranges::max_element(b_) + 1));
  }

  // counts[i]: how often thing i is there.
  std::optional<double> tau(std::span<const int64_t> counts) {
    std::ranges::fill(tree_, 0);
    int64_t agree = 0, before = 0, ties_a = 0;
    for (size_t first = 0, last = 0; first < order_.size(); first = last) {
      while (last < order_.size() && a_[order_[last]] == a_[order_[first]]) ++last;
      int64_t group = 0;
      for (size_t k = first; k < last; ++k) {
        const size_t i = order_[k];
        agree += counts[i] * (below(b_[i]) - (before - below(b_[i] + 1)));
        group += counts[i];
      }
      for (size_t k = first; k < last; ++k) add(b_[order_[k]], counts[order_[k]]);
      before += group;
      ties_a += group * (group - 1) / 2;
    }
    int64_t ties_b = 0;
    for (size_t rank = 0; rank + 1 < tree_.size(); ++rank) {
      const int64_t group = below(rank + 1) - below(rank);
      ties_b += group * (group - 1) / 2;
    }
    const int64_t pairs = before * (before - 1) / 2;
    if (pairs == ties_a || pairs == ties_b) return std::nullopt;
    if (ties_a == ties_b) return double(agree) / double(pairs - ties_a);  // 1 is 1
    const double t =
        double(agree) / std::sqrt(double(pairs - ties_a)) / std::sqrt(double(pairs - ties_b));
    return std::clamp(t, -1.0, 1.0);
  }

 private:
  std::vector<size_t> a_, b_, order_;
  std::vector<int64_t> tree_;  // Fenwick 1994: how many of each rank of b came so far

  void add(size_t rank, int64_t count) {
    for (size_t i = rank + 1; i < tree_.size(); i += i & -i) tree_[i] += count;
  }

  int64_t below(size_t rank) const {
    int64_t sum = 0;
    for (size_t i = rank; i > 0; i -= i & -i) sum += tree_[i];
    return sum;
  }
};

void check(std::span<const double> a, std::span<const double> b) {
  ensure(a.size() == b.size(), "Kendall tau of ", a.size(), " and ", b.size(), " values");
  for (const auto& x : {a, b})
    ensure(std::ranges::none_of(x, [](double v) { return std::isnan(v); }), "Kendall tau of NaN");
}

// On the scale of Fisher's z; a tau of 1 counts as if half a pair stood the other way.
Interval normal_interval(double tau, size_t n, double level) {
  const double pairs = double(n) * double(n - 1) / 2;
  const double z = std::atanh(std::clamp(tau, -1 + 1 / pairs, 1 - 1 / pairs));
  const double half = normal_quantile((1 + level) / 2) * std::sqrt(0.437 / double(n - 4));
  return {std::min(tau, std::tanh(z - half)), std::max(tau, std::tanh(z + half))};
}
}  // namespace

std::optional<double> kendall_tau(std::span<const double> a, std::span<const double> b) {
  check(a, b);
  const std::vector<int64_t> once(a.size(), 1);
  return Pairs(a, b).tau(once);
}

std::optional<KendallTau> kendall_tau_interval(std::span<const double> a, std::span<const double> b,
                                               uint64_t seed, int draws, double level) {
  check(a, b);
  ensure(draws >= 1, "a bootstrap of ", draws, " draws");
  Pairs pairs(a, b);
  std::vector<int64_t> counts(a.size(), 1);
  const std::optional<double> tau = pairs.tau(counts);
  if (!tau) return std::nullopt;
  KendallTau out{*tau, std::nullopt, int64_t(a.size())};
  if (a.size() < kFewestForInterval) return out;
  Random random(seed, stream_of("search.kendall"));
  std::vector<double> resampled;
  for (int k = 0; k < draws; ++k) {
    std::ranges::fill(counts, 0);
    for (size_t i = 0; i < counts.size(); ++i) ++counts[random.below(uint32_t(counts.size()))];
    if (const std::optional<double> t = pairs.tau(counts)) resampled.push_back(*t);
  }
  Interval interval = normal_interval(*tau, a.size(), level);
  std::ranges::sort(resampled);
  const auto end = [&](double p) {
    const double n = double(resampled.size());
    return resampled[size_t(std::clamp(std::floor(p * n), 0.0, n - 1))];
  };
  if (!resampled.empty()) {
    interval.low = std::min(interval.low, end((1 - level) / 2));
    interval.high = std::max(interval.high, end((1 + level) / 2));
  }
  out.interval = interval;
  return out;
}
}  // namespace cambium
