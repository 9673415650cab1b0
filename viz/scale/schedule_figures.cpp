#include <algorithm>

#include "core/error.h"
#include "viz/scale/schedule_plots.h"

namespace cambium {
namespace {
constexpr size_t kMostPictures = 4;  // of each kind: a page of hundreds of curves helps nobody

void add_group(std::vector<Figure>& out, const std::vector<const RecordedCurve*>& all,
               bool fitted) {
  const std::string section = fitted ? "Fitted" : "Foretold", file = fitted ? "fitted" : "foretold";
  const size_t shown = std::min(all.size(), kMostPictures * kMostCurvesDrawn);
  for (size_t from = 0, k = 1; from < shown; from += kMostCurvesDrawn, ++k) {
    const CurvesShown some(all.data() + from, std::min(kMostCurvesDrawn, shown - from));
    const std::string suffix = shown > kMostCurvesDrawn ? str("-", k) : "";
    out.push_back({"curves-" + file + suffix, section, curves_plot(section, some),
                   str("Lines: the law. Rings: what was measured, where it was.",
                       shown < all.size() ? str(" ", shown, " of ", all.size(), " curves.") : "")});
    if (const std::string svg = curve_errors_plot(section + ": errors", some); !svg.empty())
      out.push_back({"errors-" + file + suffix, section, svg});
    out.push_back({"rates-" + file + suffix, section, rates_plot(some)});
  }
}
}  // namespace

std::vector<Figure> schedule_figures(const ScheduleRecord& s) {
  std::vector<Figure> out;
  for (const bool fitted : {false, true}) {
    std::vector<const RecordedCurve*> some;
    for (const RecordedCurve& c : s.curves)
      if (c.fitted == fitted && !c.steps.empty()) some.push_back(&c);
    add_group(out, some, fitted);
  }
  return out;
}
}  // namespace cambium
