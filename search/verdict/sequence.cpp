#include "search/verdict/sequence.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "search/support/boost_math.h"

namespace cambium {
namespace {
constexpr double kQuarterTurn = std::numbers::pi / 2;

// Nodes and weights of Gauss and Legendre on [-1, 1].
constexpr std::array<double, 8> kNodes = {
    0.0950125098376374, 0.2816035507792589, 0.4580167776572274, 0.6178762444026438,
    0.7554044083550030, 0.8656312023878318, 0.9445750230732326, 0.9894009349916499};
constexpr std::array<double, 8> kWeights = {
    0.1894506104550685, 0.1826034150449236, 0.1691565193950025, 0.1495959888165767,
    0.1246289712555339, 0.0951585116824928, 0.0622535239386479, 0.0271524594117541};

template <class F> double integral(double low, double high, const F& f) {
  const double middle = (low + high) / 2, half = (high - low) / 2;
  double sum = 0;
  for (size_t i = 0; i < kNodes.size(); ++i)
    sum += kWeights[i] * (f(middle - half * kNodes[i]) + f(middle + half * kNodes[i]));
  return sum * half;
}

// cos(x)^power over its integral from -pi/2 to pi/2.
class CosineDensity {
 public:
  explicit CosineDensity(int64_t power)
      : power_(int(power)),
        scale_(std::exp(std::lgamma(double(power) / 2 + 1) - std::lgamma(double(power + 1) / 2)) /
               std::sqrt(std::numbers::pi)) {}

  double operator()(double x) const {
    return scale_ * std::pow(std::max(0.0, std::cos(x)), power_);
  }

 private:
  int power_;
  double scale_;
};

// The state of the chain after n differences is r = sum / root of the sum of squares, |r| <= root
// of n, so that t = r root((n - 1) / (n - r^2)). What is kept is a function of it, at places that
// are close where |r| is nearly root n: there small levels have their bounds.
class Table {
 public:
  explicit Table(int64_t n) : root_(std::sqrt(double(n))) {}

  // Of what is 0, or begins to grow, up to |r| = bend.
  template <class F> void fill(double bend, const F& f) {
    bend_ = bend;
    for (size_t i = 0; i < values_.size(); ++i) {
      const double share = std::sin(kStep * double(i) - kQuarterTurn);
      values_[i] = f(root_ * std::sin(kQuarterTurn * share));
    }
  }

  double at(double r) const {
    const double share = std::asin(std::clamp(r / root_, -1.0, 1.0)) / kQuarterTurn;
    const double place = (std::asin(share) + kQuarterTurn) / kStep;
    const size_t i = std::min(size_t(place), values_.size() - 2);
    const double part = place - double(i);
    return values_[i] * (1 - part) + values_[i + 1] * part;
  }

  // Where it bends like a root: integrals are taken up to there and from there on.
  double bend() const { return bend_; }

 private:
  static constexpr size_t kPlaces = 641;
  static constexpr double kStep = 2 * kQuarterTurn / (kPlaces - 1);

  double root_, bend_ = INFINITY;
  std::array<double, kPlaces> values_ = {};
};

// |r|, or r, from which on t is significant after n differences.
double critical_r(double level, int64_t n, Sides sides) {
  const double t = t_quantile(1 - (sides == Sides::kTwo ? level / 2 : level), double(n - 1));
  return t * std::sqrt(double(n) / (double(n - 1) + t * t));
}

// One difference more: it is tan(x) of the others' length, x of density cos^(n-1), so that r
// becomes r cos x + sin x = root(1 + r^2) sin(x + atan r).
class OneMore {
 public:
  // To n + 1 differences, from `critical` on significant there.
  OneMore(int64_t n, double critical, Sides sides, const Table& later)
      : critical_(critical), sides_(sides), density_(n - 1), later_(later) {}

  // The chance to be significant then or later.
  double operator()(double r) const {
    const double turn = std::atan(r), length = std::hypot(1, r);
    const double low = turn - kQuarterTurn, high = turn + kQuarterTurn;
    const auto angle = [&](double r_then) {
      return r_then < length ? std::asin(r_then / length) : kQuarterTurn;
    };
    std::array<double, 10> ends = {low, high};
    size_t n = 2;
    for (double at : {angle(critical_), angle(later_.bend())})
      for (double end : {at - 2 * kQuarterTurn, -at, at, 2 * kQuarterTurn - at})
        ends[n++] = std::clamp(end, low, high);
    std::ranges::sort(ends);
    double sum = 0;
    for (size_t i = 0; i + 1 < ends.size(); ++i) {
      if (ends[i + 1] - ends[i] < 1e-12) continue;
      const double middle = length * std::sin((ends[i] + ends[i + 1]) / 2);
      const bool significant = (sides_ == Sides::kTwo ? std::abs(middle) : middle) >= critical_;
      sum += integral(ends[i], ends[i + 1], [&](double x) {
        return density_(x - turn) * (significant ? 1 : later_.at(length * std::sin(x)));
      });
    }
    return sum;
  }

 private:
  double critical_;
  Sides sides_;
  CosineDensity density_;
  const Table& later_;
};

// From the last look backwards.
double chance_by_recursion(double level, std::span<const int64_t> looks, Sides sides) {
  const int64_t first = looks.front();
  Table later(looks.back());  // nothing comes after the last
  for (int64_t n = looks.back() - 1; n >= first; --n) {
    const bool look = std::ranges::count(looks, n + 1) > 0;
    const double critical = look ? critical_r(level, n + 1, sides) : INFINITY;
    Table now(n);
    // One value more brings r to no more than root(1 + r^2).
    const double far = look ? critical : later.bend();
    now.fill(std::sqrt(std::max(0.0, far * far - 1)), OneMore(n, critical, sides, later));
    later = now;
  }
  const double root = std::sqrt(double(first));
  const double at = std::asin(critical_r(level, first, sides) / root);
  const CosineDensity density(first - 2);
  const double bend = std::asin(std::min(1.0, later.bend() / root)),
               low = sides == Sides::kTwo ? -at : -kQuarterTurn;
  std::array<double, 4> ends = {low, -bend, bend, at};
  double sum = level;
  for (double& end : ends) end = std::clamp(end, low, at);
  for (size_t i = 0; i + 1 < ends.size(); ++i)
    sum += integral(ends[i], ends[i + 1],
                    [&](double x) { return density(x) * later.at(root * std::sin(x)); });
  return sum;
}
}  // namespace

std::vector<int64_t> planned_looks(int64_t at_most) {
  ensure(at_most >= 3, "looks at ", at_most, " seeds");
  std::vector<int64_t> out;
  for (int64_t n : {3, 5, 8})
    if (n < at_most) out.push_back(n);
  for (int64_t n = 12; n < at_most; n += n / 2) out.push_back(n);
  out.push_back(at_most);
  return out;
}

double chance_of_any(double level, std::span<const int64_t> looks, Sides sides) {
  ensure(level > 0 && level < 0.5, "a level of ", level);
  ensure(!looks.empty() && looks.front() >= 2, "no looks");
  ensure(std::ranges::is_sorted(looks), "looks do not grow");
  return looks.size() == 1 ? level : chance_by_recursion(level, looks, sides);
}

double level_of_looks(double chance, std::span<const int64_t> looks, Sides sides) {
  if (looks.size() == 1) return chance;
  // chance_of_any grows nearly in proportion: between these, by the rule of false position in
  // logarithms.
  double low = std::log(chance / double(looks.size())), high = std::log(chance);
  const auto miss = [&](double x) {
    return std::log(chance_of_any(std::exp(x), looks, sides) / chance);
  };
  double below = miss(low), above = miss(high);
  for (int i = 0; i < 30 && above - below > 1e-9; ++i) {
    const double x = low + (high - low) * -below / (above - below), here = miss(x);
    if (std::abs(here) < 1e-6) return std::exp(x);
    (here < 0 ? low : high) = x;
    (here < 0 ? below : above) = here;
  }
  return std::exp(low);
}
}  // namespace cambium
