#include <algorithm>
#include <cmath>

#include "core/text/fmt.h"
#include "core/text/json.h"
#include "viz/tuning/tried.h"

namespace cambium {
namespace {
std::string value_word(const Json& value) {
  if (value.is_number_float()) return fmt::format("{:.3g}", value.get<double>());
  return value.is_string() ? value.get<std::string>() : to_text(value);
}

TriedPoint point_of(const TunedTrial& t, double scale) {
  TriedPoint p{.name = str("trial ", t.number)};
  for (const auto& [path, value] : t.point.items()) {
    p.name += str(", ", path.substr(path.rfind('.') + 1), " ", value_word(value));
    if (value.is_number()) p.settings.emplace_back(path, value.get<double>());
  }
  for (const double v : t.values) {
    if (!std::isfinite(v)) break;
    p.values.push_back(scale * v);
  }
  return p;
}

void add_settings(Tried& out, const Tuning& t) {
  for (const TriedArm& a : out.arms)
    for (const TriedPoint& p : a.points)
      for (const auto& [path, value] : p.settings) {
        const auto known = std::ranges::find(out.settings, path, &TriedSetting::name);
        if (known == out.settings.end())
          out.settings.push_back({path, std::ranges::count(t.log, path) > 0});
      }
  for (TriedSetting& s : out.settings) {
    const auto range = std::ranges::find(t.ranges, s.name, &TunedRange::path);
    if (range == t.ranges.end()) continue;
    s.low = range->low;
    s.high = range->high;
  }
}
}  // namespace

Tried tried_of(const Tuning& t, const std::string& label, double scale) {
  Tried out{.metric = label, .maximize = t.maximize, .rungs = t.rungs};
  for (const TunedVariant& v : t.variants) {
    TriedArm arm{.name = v.name, .finished = v.finished, .failed = v.failed, .flops = v.flops};
    for (const TunedTrial& trial : v.trials) arm.points.push_back(point_of(trial, scale));
    if (v.best >= 0 && size_t(v.best) < arm.points.size()) arm.points[size_t(v.best)].best = true;
    out.arms.push_back(std::move(arm));
  }
  add_settings(out, t);
  return out;
}

Tried tried_of(const SearchRecord& s) {
  Tried out{.metric = s.objectives[0].name, .maximize = s.objectives[0].maximize};
  size_t most = 0;
  for (const RecordedTrial& t : s.trials) most = std::max(most, t.at_rungs.size());
  if (most < 2) return out;
  for (const SearchRung& r : s.rungs) out.rungs.push_back(r.share);
  const bool known = std::ranges::none_of(out.rungs, [](double r) { return std::isnan(r); });
  out.counted = !known || out.rungs.size() < most;
  if (out.counted) out.rungs.clear();
  for (size_t r = 1; out.counted && r <= most; ++r) out.rungs.push_back(double(r));
  TriedArm arm;
  for (size_t i = 0; i < s.trials.size(); ++i) {
    const RecordedTrial& t = s.trials[i];
    TriedPoint p{.name = str("trial ", t.number, ", ", t.key)};
    for (const double v : t.at_rungs) {
      if (!std::isfinite(v)) break;
      p.values.push_back(v);
    }
    p.best = !s.front.empty() && s.front[0] == i;
    arm.finished += t.whole();
    arm.failed += p.values.empty();
    arm.points.push_back(std::move(p));
  }
  out.arms.push_back(std::move(arm));
  return out;
}
}  // namespace cambium
