#include <algorithm>

#include "core/text/format.h"
#include "viz/tuning/tried.h"

namespace cambium {
std::vector<Figure> tried_figures(const Tried& t) {
  std::vector<Figure> out;
  const auto has = [&](const TriedArm& a, const TriedSetting& s) {
    return std::ranges::any_of(a.points, [&](const TriedPoint& p) {
      return std::ranges::count(p.settings, s.name, [](const auto& v) { return v.first; }) > 0;
    });
  };
  if (shows_arms(t)) out.push_back({"arms", "Tuning", arms_plot(t, t.settings[0])});
  for (size_t k = 0; k < t.settings.size(); ++k)
    for (size_t i = 0; i < t.arms.size(); ++i)
      if (has(t.arms[i], t.settings[k]))
        out.push_back({str("sensitivity-", k + 1, "-", i + 1), "Tuning",
                       sensitivity_plot(t, t.arms[i], t.settings[k])});
  for (size_t i = 0; i < t.arms.size(); ++i)
    if (t.rungs.size() > 1 && !t.arms[i].points.empty())
      out.push_back({str("rungs-", i + 1), "Tuning", rungs_plot(t, t.arms[i])});
  const bool spent = std::ranges::any_of(t.arms, [](const TriedArm& a) { return a.flops > 0; });
  if (spent) out.push_back({"effort", "Tuning", effort_plot(t)});
  return out;
}
}  // namespace cambium
