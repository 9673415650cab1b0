#include "search/laws/answers/law_lines.h"

#include <algorithm>
#include <cmath>

#include "search/laws/fit/identify.h"
#include "search/support/boost_math.h"

namespace cambium {
namespace {
constexpr size_t kMostLines = 6;
constexpr int kLinePoints = 33, kAllocationPoints = 13;
constexpr double kAlike = 0.1;        // logarithms nearer than this are of one value
constexpr double kLineBeyond = 0.15;  // of the logarithm's extent, at both ends
constexpr size_t kFewestAlike = 3;    // different inputs on a line

using Fixed = LawLine::Fixed;

bool two_quantities(const Law& law) {
  return law.needs == std::vector<Quantity>{kParams, kTokens};
}

std::vector<LawInput> inputs_shown(const GroupAnswer& g) {
  std::vector<LawInput> out;
  for (const LawRun& r : g.fit.runs) out.push_back(r.at);
  for (const HeldOut& h : g.held_out)
    if (!g.fit.lack.refused()) out.push_back(h.at);
  return out;
}

Interval log_extent(const std::vector<LawInput>& inputs, Quantity q, double beyond) {
  Interval out{HUGE_VAL, -HUGE_VAL};
  for (const LawInput& at : inputs) {
    out.low = std::min(out.low, at.log_x[q]);
    out.high = std::max(out.high, at.log_x[q]);
  }
  const double more = beyond * std::max(out.high - out.low, 0.1);
  return {out.low - more, out.high + more};
}

double log_of(const LawInput& at, Fixed f) {
  return f == Fixed::kTokens ? at.log_x[kTokens] : at.log_x[kTokens] - at.log_x[kParams];
}

// The logarithms that inputs share, each the mean of those alike; empty when they are too many or
// hold too few inputs each.
std::vector<double> shared_values(const std::vector<LawInput>& inputs, Fixed f) {
  std::vector<double> logs;
  for (const LawInput& at : inputs) logs.push_back(log_of(at, f));
  std::ranges::sort(logs);
  std::vector<double> out;
  for (size_t begin = 0, i = 1; i <= logs.size(); ++i) {
    if (i < logs.size() && logs[i] - logs[i - 1] < kAlike) continue;
    if (logs[i - 1] - logs[begin] > 2 * kAlike) return {};  // they run into one another
    double sum = 0;
    for (size_t k = begin; k < i; ++k) sum += logs[k];
    out.push_back(sum / double(i - begin));
    begin = i;
  }
  const bool few = out.size() <= kMostLines && kFewestAlike * out.size() <= logs.size();
  return few ? out : std::vector<double>();
}

// Numbers of tokens between which the runs lie in four parts.
std::vector<double> spread_values(const std::vector<LawInput>& inputs) {
  std::vector<double> logs;
  for (const LawInput& at : inputs) logs.push_back(at.log_x[kTokens]);
  std::ranges::sort(logs);
  std::vector<double> out;
  for (int k = 1; k < 8; k += 2) out.push_back(logs[size_t(k) * (logs.size() - 1) / 8]);
  return out;
}

// The inputs at even steps of the logarithm of `along`; `complete` adds what else the law needs.
LawLine line_along(const GroupAnswer& g, Quantity along, Interval logs,
                   const std::function<void(LawInput&)>& complete) {
  LawLine line;
  for (int i = 0; i < kLinePoints; ++i) {
    LawInput at;
    at.set(along, std::exp(logs.low + (logs.high - logs.low) * i / (kLinePoints - 1)));
    complete(at);
    line.inputs.push_back(at);
    line.said.push_back(predict(g.fit, at, IntervalKind::kDelta));
  }
  return line;
}

std::vector<LawLine> lines_of_two(const GroupAnswer& g) {
  const std::vector<LawInput> inputs = inputs_shown(g);
  const Interval logs = log_extent(inputs, kParams, g.fit.lack.refused() ? 0 : kLineBeyond);
  std::vector<LawLine> out;
  if (const std::optional<PowerLine> tied = line_of(*g.fit.law, g.fit.runs)) {
    out.push_back(line_along(g, kParams, logs, [&](LawInput& at) {
      at.set(kTokens,
             std::exp(tied->x == kParams ? tied->log_y(at.log_x[kParams])
                                         : (at.log_x[kParams] - tied->log_factor) / tied->power));
    }));
    out.back().fixed = Fixed::kTied;
    return out;
  }
  Fixed fixed = Fixed::kTokensPerParam;
  std::vector<double> values = shared_values(inputs, fixed);
  if (values.empty()) values = shared_values(inputs, fixed = Fixed::kTokens);
  if (values.empty()) values = spread_values(inputs);
  for (const double v : values) {
    out.push_back(line_along(g, kParams, logs, [&](LawInput& at) {
      at.set(kTokens, std::exp(fixed == Fixed::kTokens ? v : v + at.log_x[kParams]));
    }));
    out.back().fixed = fixed;
    out.back().at = std::exp(v);
  }
  return out;
}

Interval log_compute(const GroupAnswer& g, const PointTable& t) {
  double least = HUGE_VAL;
  for (const LawRun& r : g.fit.runs)
    least = std::min(least, std::log(t.flops_per_nd) + r.at.log_x[kParams] + r.at.log_x[kTokens]);
  return {least, std::log(g.allocations.back().flops)};
}

// ln N*(C): where A / N^a + B / D^b is least with C = k N D.
ThetaFunction log_best_share(double flops, double k) {
  return [=](std::span<const double> theta) {
    const double a = theta[3], b = theta.back();
    return (std::log(a / b) + theta[1] - theta[2] + b * std::log(flops / k)) / (a + b);
  };
}

void add_flops(LawInput& at, double k) {
  at.set(kFlops, k * at.x[kParams] * at.x[kTokens]);
}
}  // namespace

std::vector<LawLine> law_lines(const GroupAnswer& g, const PointTable& t) {
  std::vector<LawLine> out;
  if (g.failure) return out;
  const Law& law = *g.fit.law;
  if (!two_quantities(law)) {
    const Quantity q = law.needs.front();
    const double beyond = g.fit.lack.refused() ? 0 : kLineBeyond;
    out.push_back(line_along(g, q, log_extent(inputs_shown(g), q, beyond), [](LawInput&) {}));
    return out;
  }
  out = lines_of_two(g);
  const double k = t.flops_per_nd;
  if (!g.allocations.empty()) {
    const Interval logs = log_compute(g, t);
    out.push_back(line_along(g, kFlops, logs, [&](LawInput& at) {
      at.set(kParams, std::exp(log_best_share(at.x[kFlops], k)(g.fit.theta)));
      at.set(kTokens, at.x[kFlops] / (k * at.x[kParams]));
    }));
    out.back().fixed = Fixed::kBestSplit;
  }
  if (!t.flops_contradict())
    for (LawLine& line : out)
      for (LawInput& at : line.inputs) add_flops(at, k);
  return out;
}

std::optional<AllocationLine> allocation_line(const GroupAnswer& g, const PointTable& t) {
  if (g.failure || g.allocations.empty()) return std::nullopt;
  AllocationLine line;
  const Interval logs = log_compute(g, t);
  for (int i = 0; i < kAllocationPoints; ++i) {
    const double flops = std::exp(logs.low + (logs.high - logs.low) * i / (kAllocationPoints - 1));
    const ThetaFunction n = log_best_share(flops, t.flops_per_nd);
    const auto d = [&](std::span<const double> x) {
      return std::log(flops / t.flops_per_nd) - n(x);
    };
    line.flops.push_back(flops);
    line.params.push_back(spanned(g.fit, g.resampled, n, true));
    line.tokens.push_back(spanned(g.fit, g.resampled, d, true));
  }
  return line;
}

double run_reach(const LawFit& f) {
  return f.kind == FitObjective::kHuber ? f.run_spread
                                        : t_quantile((1 + kLawLevel) / 2, f.freedom) * f.run_spread;
}
}  // namespace cambium
