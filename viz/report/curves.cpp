#include "viz/report/curves.h"

#include <algorithm>
#include <cmath>

#include "core/text/format.h"

namespace cambium {
namespace {
double value_at(const Curve& c, double x) {
  const auto right = std::ranges::lower_bound(c.x, x);
  if (right == c.x.end()) return c.y.back();
  const size_t i = size_t(right - c.x.begin());
  if (i == 0 || *right == x) return c.y[i];
  const double t = (x - c.x[i - 1]) / (c.x[i] - c.x[i - 1]);
  return c.y[i - 1] + t * (c.y[i] - c.y[i - 1]);
}

// The common points of all curves when they share them, else an even grid over what they share.
std::vector<double> common_grid(std::span<const Curve> curves, size_t most) {
  const bool same = std::ranges::all_of(curves, [&](const Curve& c) { return c.x == curves[0].x; });
  if (same && curves[0].x.size() <= most) return curves[0].x;
  double low = -HUGE_VAL, high = HUGE_VAL;
  for (const Curve& c : curves) {
    low = std::max(low, c.x.front());
    high = std::min(high, c.x.back());
  }
  std::vector<double> out;
  if (low > high) return out;
  for (size_t i = 0; i < most; ++i)
    out.push_back(low + (high - low) * double(i) / double(most - 1));
  return out;
}
}  // namespace

Curve thinned(const Curve& c, size_t most) {
  if (c.x.size() <= most) return c;
  Curve out{c.name, {}, {}};
  for (size_t b = 0; b < most; ++b) {
    const size_t begin = b * c.x.size() / most, end = (b + 1) * c.x.size() / most;
    double x = 0, y = 0;
    for (size_t i = begin; i < end; ++i) {
      x += c.x[i];
      y += c.y[i];
    }
    out.x.push_back(x / double(end - begin));
    out.y.push_back(y / double(end - begin));
  }
  return out;
}

Band band_of(std::span<const Curve> curves, size_t most) {
  Band out;
  std::vector<Curve> used;
  for (const Curve& c : curves)
    if (!c.x.empty()) used.push_back(c);
  if (used.empty()) return out;
  for (double x : common_grid(used, most)) {
    double sum = 0, low = HUGE_VAL, high = -HUGE_VAL;
    for (const Curve& c : used) {
      const double y = value_at(c, x);
      sum += y;
      low = std::min(low, y);
      high = std::max(high, y);
    }
    out.x.push_back(x);
    out.mean.push_back(sum / double(used.size()));
    out.low.push_back(low);
    out.high.push_back(high);
  }
  return out;
}

std::vector<Series> series_of(const StudyFolder& r, std::string_view key, Horizontal x,
                              double scale) {
  std::vector<Series> out;
  for (size_t v = 0; v < r.study.variants.size(); ++v) {
    Series s{r.study.variants[v].name, v, {}, {}};
    for (const RunOfStudy& run : r.runs) {
      if (run.variant != s.name) continue;
      Curve c{str(run.variant, ", seed ", run.seed), {}, {}};
      for (const LogPoint& p : run.log) {
        const double* value = p.find(key);
        const double at = x == Horizontal::kSteps ? p.step : p.flops;
        if (!value || !std::isfinite(*value) || !std::isfinite(at)) continue;
        if (!c.x.empty() && at <= c.x.back()) continue;
        c.x.push_back(at);
        c.y.push_back(scale * *value);
      }
      if (!c.x.empty()) s.curves.push_back(thinned(c));
    }
    // A run that failed early must not shorten the band of the others.
    std::vector<Curve> whole;
    double furthest = 0;
    for (const Curve& c : s.curves) furthest = std::max(furthest, c.x.back());
    for (const Curve& c : s.curves)
      if (c.x.back() >= 0.9 * furthest) whole.push_back(c);
    s.band = band_of(whole);
    if (s.curves.size() < 2) s.curves.clear();
    if (!s.band.x.empty()) out.push_back(std::move(s));
  }
  return out;
}
}  // namespace cambium
