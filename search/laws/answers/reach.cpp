#include "search/laws/answers/reach.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/text/fmt.h"
#include "search/laws/fit/identify.h"

namespace cambium {
namespace {
constexpr size_t kMostSplits = 8;
constexpr double kTells = 0.05;    // half an interval of a run: a wider one foretells nothing
constexpr double kFarthest = 1e4;  // times the largest run

// Where runs are split: at most so many of their different sizes, but for the largest.
std::vector<double> splits_of(const LawFit& fit, Quantity q) {
  std::set<double> sizes;
  for (const LawRun& r : fit.runs) sizes.insert(r.at.x[q]);
  std::vector<double> all(sizes.begin(), sizes.end()), out;
  all.pop_back();
  for (size_t i = 0; i < all.size(); ++i)
    if (const size_t k = std::min(kMostSplits, all.size());
        i * k / all.size() != (i + 1) * k / all.size())
      out.push_back(all[i]);
  return out;
}

// Runs up to the size foretell those above it. False when they cannot be fitted.
bool try_split(const LawFit& fit, Quantity q, double size, Reach& to) {
  std::vector<LawRun> below;
  for (const LawRun& r : fit.runs)
    if (r.at.x[q] <= size) below.push_back(r);
  try {
    const LawFit small = fit_law(*fit.law, below, fit.kind);
    require_follows(small, line_of(*fit.law, below));
    if (small.lack.refused()) return false;
    to = {.from = size, .narrow = to.narrow};
    for (const LawRun& r : fit.runs) {
      if (r.at.x[q] <= size) continue;
      const Interval run = predict(small, r.at, IntervalKind::kDelta).run;
      const double answer = std::exp(r.log_answer);
      to.to = std::max(to.to, r.at.x[q]);
      const bool tells = run.high - run.low <= 2 * kTells * answer;
      to.inside += tells && run.low <= answer && answer <= run.high;
      ++to.runs;
    }
    return true;
  } catch (const UserError&) {
    return false;  // too few sizes, or a loss that does not follow them yet
  }
}

double narrow_until(const LawFit& fit, Quantity q) {
  const LawRun& largest =
      *std::ranges::max_element(fit.runs, {}, [&](const LawRun& r) { return r.at.x[q]; });
  double narrow = 0;
  for (double times = 1; times <= kFarthest; times *= 1.12) {
    LawInput at;
    for (Quantity each : fit.law->needs) at.set(each, largest.at.x[each] * times);
    const Prediction p = predict(fit, at, IntervalKind::kDelta);
    if (!(p.curve.high - p.curve.low <= 2 * kNarrow * p.value)) break;
    narrow = times;
  }
  return narrow;
}

std::string times_text(double times) {
  return times >= kFarthest / 1.12 ? str(kFarthest, " and more") : fmt::format("{:.2g}", times);
}
}  // namespace

Reach reach_of(const LawFit& fit) {
  const Quantity q = fit.law->needs.front();
  if (q == kLoss || fit.lack.refused()) return {};
  Reach best{.narrow = narrow_until(fit, q)};
  for (double size : splits_of(fit, q)) {
    Reach split{.narrow = best.narrow};
    if (!try_split(fit, q, size, split)) continue;
    if (split.foretold()) return split;  // splits come from the smallest: the widest step
    if (best.runs == 0 || split.inside * best.runs > best.inside * split.runs) best = split;
  }
  return best;
}

std::string reach_text(const LawFit& fit, const Reach& r) {
  const Quantity q = fit.law->needs.front();
  if (q == kLoss) return "";
  if (fit.lack.refused()) return "how far: not beyond these runs, since the form does not hold";
  const std::string_view name = quantity_symbol(q);
  std::string out = "how far: ";
  if (r.runs == 0)
    out += str(
        "no smaller part of these runs can be fitted, so that extrapolation has not been tried");
  else
    out += fmt::format(
        "runs up to {} = {:.3g} foretell {} of {} above them, up to {:.3g} times as "
        "large, within their intervals{}",
        name, r.from, r.inside, r.runs, r.to / r.from,
        r.foretold() ? ": so far it has been tried"
                     : ": too few, the intervals below do not hold beyond the runs");
  if (r.narrow >= 1)
    return str(out,
               fmt::format("; the curve's interval stays within {:.0f} % up to ", 100 * kNarrow),
               times_text(r.narrow), " times the largest run, if the form goes on");
  return str(out,
             fmt::format("; at the largest run the curve's interval is already wider than {:.0f} %",
                         100 * kNarrow));
}
}  // namespace cambium
