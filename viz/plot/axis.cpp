#include "viz/plot/axis.h"

#include <algorithm>
#include <cmath>

#include "viz/plot/text.h"

namespace cambium {
namespace {
double nice_step(double rough) {
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double m = rough / power;
  return power * (m < 1.5 ? 1 : m < 3.5 ? 2 : m < 7.5 ? 5 : 10);
}

// "10k" rather than "10.0k".
std::string short_label(double v) {
  if (std::abs(v) >= 1e15) return scientific(v, 2);
  std::string s = compact(v);
  const size_t point = s.find('.');
  if (point == std::string::npos) return s;
  const size_t unit = std::min(s.find_first_not_of("0123456789", point + 1), s.size());
  size_t end = unit;
  while (s[end - 1] == '0') --end;
  if (s[end - 1] == '.') --end;
  return s.erase(end, unit - end);
}

// Digits that tell neighbours `step` apart.
std::string tick_label(double v, double step) {
  const double size = std::max(std::abs(v), step);
  if (size >= 1e4) return short_label(v);
  const int digits = std::max(0, int(std::ceil(-std::log10(step) - 1e-9)));
  return digits > 6 ? scientific(v, 2) : fixed(v, digits);
}

void add_linear_ticks(Axis& a, int wanted) {
  const double parts = std::max(1, wanted);  // the extent itself may be beyond all numbers
  const double step = nice_step(a.high / parts - a.low / parts);
  const double slack = 1e-9 * a.high - 1e-9 * a.low;
  for (double k = std::ceil((a.low - slack) / step); k * step <= a.high + slack; ++k) {
    const double v = k * step;
    a.ticks.push_back({v, v == 0 ? "0" : tick_label(v, step)});
  }
}

void add_log_ticks(Axis& a, int wanted) {
  const double decades = std::log10(a.high) - std::log10(a.low);
  const int every = std::max(1, int(std::ceil(decades / std::max(1, wanted))));
  for (int p = int(std::floor(std::log10(a.low))); p <= int(std::ceil(std::log10(a.high))); ++p)
    for (int m : {1, 2, 5}) {
      if (m > 1 && decades * 3 > wanted + 1) continue;
      if (p % every != 0) continue;
      const double v = m * std::pow(10.0, p);
      if (v >= a.low * (1 - 1e-9) && v <= a.high * (1 + 1e-9))
        a.ticks.push_back({v, v < 1e-3 ? scientific(v, 0) : short_label(v)});
    }
}
}  // namespace

double Axis::fraction(double v) const {
  if (log)
    return (std::log(std::max(v, 1e-320)) - std::log(low)) / (std::log(high) - std::log(low));
  return (v / 2 - low / 2) / (high / 2 - low / 2);
}

Axis make_axis(double low, double high, int wanted, bool log) {
  if (!std::isfinite(low) || !std::isfinite(high)) low = 0, high = 1;
  if (low > high) std::swap(low, high);
  if (log) {
    if (high <= 0) high = 1;
    if (low <= 0) low = high * 1e-3;
    if (high / low < 1.0001) low /= 1.5, high *= 1.5;
  } else if (high - low <= 1e-12 * std::max(std::abs(low), std::abs(high)) || high == low) {
    const double pad = high == 0 ? 1 : std::abs(high) * 0.05;
    low -= pad;
    high += pad;
  }
  Axis a{low, high, log, {}};
  if (log)
    add_log_ticks(a, wanted);
  else
    add_linear_ticks(a, wanted);
  if (a.log && a.ticks.size() < 3) {  // less than a decade
    a.ticks.clear();
    add_linear_ticks(a, wanted);
  }
  std::ranges::sort(a.ticks, {}, &Tick::value);
  const auto same = [](const Tick& x, const Tick& y) { return x.value == y.value; };
  a.ticks.erase(std::unique(a.ticks.begin(), a.ticks.end(), same), a.ticks.end());
  return a;
}
}  // namespace cambium
