#include "search/laws/answers/compare_groups.h"

#include <algorithm>
#include <cmath>

#include "core/text/fmt.h"
#include "search/laws/answers/divide.h"

namespace cambium {
namespace {
constexpr double kBeyond = 100;  // times the runs' end

double log_answer(const Law& law, std::span<const double> theta, const LawInput& at) {
  double value = NAN;
  law.values(theta, {&at, 1}, &value, nullptr);
  return value;
}

LawAlong along_quantity(const GroupAnswer& g, Quantity q) {
  return {&g.fit, [law = g.fit.law, q](std::span<const double> theta, double log_x) {
            LawInput at;
            at.set(q, std::exp(log_x));
            return log_answer(*law, theta, at);
          }};
}

LawAlong along_line(const GroupAnswer& g, const PowerLine& line) {
  return {&g.fit, [law = g.fit.law, line](std::span<const double> theta, double log_x) {
            LawInput at;
            at.set(line.x, std::exp(log_x));
            at.set(line.y, std::exp(line.log_y(log_x)));
            return log_answer(*law, theta, at);
          }};
}

LawAlong along_compute(const GroupAnswer& g) {
  return {&g.fit,
          [law = g.fit.law, k = g.flops_per_nd](std::span<const double> theta, double log_x) {
            const double log_n = log_best_params(std::exp(log_x), k)(theta);
            LawInput at;
            at.set(kParams, std::exp(log_n));
            at.set(kTokens, std::exp(log_x - std::log(k) - log_n));
            return log_answer(*law, theta, at);
          }};
}

Interval measured_range(const LawFit& f, Quantity q) {
  Interval out{HUGE_VAL, 0};
  for (const LawRun& r : f.runs)
    out = {std::min(out.low, r.at.x[q]), std::max(out.high, r.at.x[q])};
  return out;
}

// Whether tokens follow parameters alike, where runs of both are.
bool same_line(const PowerLine& a, const PowerLine& b, const LawFit& f) {
  const Interval range = measured_range(f, a.x);
  return std::ranges::all_of(std::array{range.low, range.high}, [&](double x) {
    return std::abs(a.log_y(std::log(x)) - b.log_y(std::log(x))) < 0.05;
  });
}

// Of both groups' runs, the middle.
PowerLine middle_line(const GroupAnswer& a, const GroupAnswer& b) {
  std::vector<double> ratios;
  for (const GroupAnswer* g : {&a, &b})
    for (const LawRun& r : g->fit.runs) ratios.push_back(r.at.log_x[kTokens] - r.at.log_x[kParams]);
  std::ranges::sort(ratios);
  return {kParams, kTokens, ratios[ratios.size() / 2], 1};
}

// Whether anything is said of what lies beyond the group's runs.
bool holds_beyond(const GroupAnswer& g) {
  return !g.fit.lack.refused() && !g.reach.failed();
}

struct Way {
  LawAlong first, second;
};

// Fills x and along, or why there is no way.
Way way_of(const GroupAnswer& a, const GroupAnswer& b, GroupComparison& c) {
  if (!divides_compute(*a.fit.law)) {
    c.x = a.fit.law->needs.front();
    return {along_quantity(a, c.x), along_quantity(b, c.x)};
  }
  if (a.line && b.line && !same_line(*a.line, *b.line, a.fit))
    c.cannot =
        str("tokens follow parameters differently (", a.line->text(), " and ", b.line->text(), ")");
  const bool divided = a.params_exponent && b.params_exponent;
  if (a.line || b.line || !divided) {
    const PowerLine line = a.line ? *a.line : b.line ? *b.line : middle_line(a, b);
    c.x = line.x;
    c.along = "at " + line.text();
    return {along_line(a, line), along_line(b, line)};
  }
  c.x = kFlops;
  c.along = "each at its best division of compute";
  return {along_compute(a), along_compute(b)};
}

GroupComparison compared(const GroupAnswer& a, const GroupAnswer& b, double level) {
  GroupComparison c{.first = a.name, .second = b.name};
  const Way way = way_of(a, b, c);
  const Interval first = measured_range(a.fit, c.x), second = measured_range(b.fit, c.x);
  c.measured = std::min(first.high, second.high);
  const bool stays = c.x == kLoss || !holds_beyond(a) || !holds_beyond(b);
  c.range = {std::max(first.low, second.low), c.measured * (stays ? 1 : kBeyond)};
  if (c.cannot.empty() && !(c.range.low < c.range.high))
    c.cannot = str("no ", quantity_name(c.x), " lies among the runs of both");
  if (c.cannot.empty()) c.answer = cross_laws(way.first, way.second, c.range, level);
  return c;
}
}  // namespace

std::vector<GroupComparison> compare_groups(const std::vector<GroupAnswer>& groups) {
  std::vector<const GroupAnswer*> with;
  for (const GroupAnswer& g : groups)
    if (!g.failure) with.push_back(&g);
  std::vector<GroupComparison> out;
  const double pairs = double(with.size()) * (double(with.size()) - 1) / 2;
  for (size_t i = 0; i < with.size(); ++i)
    for (size_t j = i + 1; j < with.size(); ++j)
      out.push_back(compared(*with[i], *with[j], 1 - (1 - kLawLevel) / pairs));
  return out;
}
}  // namespace cambium
