#include "search/study/match.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/text/fmt.h"

namespace cambium {
namespace {
struct Point {
  int64_t value;
  double cost;
};

// Measures each value once, and looks around for values that can be built.
class Prober {
 public:
  Prober(const Measure& measure, int64_t most) : measure_(measure), most_(most) {}

  std::optional<double> at(int64_t value) {
    const auto [it, fresh] = known_.try_emplace(value);
    if (fresh) it->second = measure_(value);
    return it->second;
  }

  // The first value of begin, begin + step, ... that can be built and lies in [1, most]; gives up
  // after kWindow of them, the widest common divisor that models ask for.
  std::optional<Point> walk(int64_t begin, int64_t step) {
    for (int64_t k = 0, v = begin; k < kWindow && v >= 1 && v <= most_; ++k, v += step)
      if (const auto cost = at(v)) return Point{v, *cost};
    return std::nullopt;
  }

  // A value strictly between that can be built, as near `middle` as there is.
  std::optional<Point> between(int64_t low, int64_t high, int64_t middle) {
    for (int64_t k = 0; k < kWindow; ++k)
      for (int64_t v : {middle - k, middle + k}) {
        if (v <= low || v >= high) continue;
        if (const auto cost = at(v)) return Point{v, *cost};
      }
    return std::nullopt;
  }

 private:
  static constexpr int64_t kWindow = 128;
  const Measure& measure_;
  const int64_t most_;
  std::map<int64_t, std::optional<double>> known_;
};

// Where the cost would meet the target if its root were a line, as that of a width nearly is;
// every third time the middle, which halves what is left whatever the cost looks like.
int64_t guess_between(const Point& low, const Point& high, double target, int tries) {
  const int64_t middle = low.value + (high.value - low.value) / 2;
  const double rise = std::sqrt(high.cost) - std::sqrt(low.cost);
  if (tries % 3 == 2 || !(rise > 0)) return middle;
  const double share = (std::sqrt(target) - std::sqrt(low.cost)) / rise;
  const auto guess = low.value + int64_t(std::llround(share * double(high.value - low.value)));
  return std::clamp(guess, std::min(low.value + 1, high.value - 1),
                    std::max(low.value + 1, high.value - 1));
}

// The last value whose cost is at most the target and the first one above it; either may be none.
std::pair<std::optional<Point>, std::optional<Point>> bracket(Prober& prober, double target,
                                                              int64_t start, int64_t most) {
  std::optional<Point> low, high;
  std::optional<Point> p = prober.walk(std::clamp<int64_t>(start, 1, most), 1);
  if (!p) p = prober.walk(1, 1);
  while (p && p->cost <= target) {
    low = p;
    p = p->value >= most ? std::nullopt : prober.walk(std::min(most, p->value * 2), 1);
    if (!p && low->value < most) p = prober.walk(low->value + 1, 1);  // no power of two fits
  }
  high = p;
  while (!low && high && high->value > 1) {
    p = prober.walk(std::max<int64_t>(1, high->value / 2), -1);
    if (!p) p = prober.walk(1, 1);
    if (!p || p->value >= high->value) break;
    (p->cost <= target ? low : high) = p;
  }
  for (int tries = 0; low && high; ++tries) {
    p = prober.between(low->value, high->value, guess_between(*low, *high, target, tries));
    if (!p) break;
    (p->cost <= target ? low : high) = p;
  }
  return {low, high};
}

std::string point_text(const Point& p, std::string_view free, std::string_view unit) {
  return fmt::format("{}: {} gives {:.6g} {}", free, p.value, p.cost, unit);
}
}  // namespace

Match match_value(const Measure& measure, double target, double tolerance, std::string_view free,
                  std::string_view unit, int64_t start, int64_t most) {
  require(target > 0, "cannot match ", target, " ", unit);
  Prober prober(measure, most);
  const auto [low, high] = bracket(prober, target, start, most);
  if (!low && !high)
    throw UserError(
        str("no value of ", free, " from 1 to ", most, " gives a model that can be built"));
  const auto distance = [&](const Point& p) { return std::abs(p.cost / target - 1); };
  const Point best = !high || (low && distance(*low) <= distance(*high)) ? *low : *high;
  if (distance(best) <= tolerance) return {best.value, {}, best.cost, target};
  std::string nearest;
  for (const auto& p : {low, high})
    if (p) nearest += str(nearest.empty() ? "" : ", ", point_text(*p, free, unit));
  throw UserError(fmt::format("no {} comes within {:.3g} % of {:.6g} {}; the nearest: {}", free,
                              100 * tolerance, target, unit, nearest),
                  "raise match.tolerance, or choose another target or free variable");
}
}  // namespace cambium
