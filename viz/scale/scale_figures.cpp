#include <algorithm>
#include <cmath>

#include "core/text/format.h"
#include "viz/scale/scale_plots.h"

namespace cambium {
namespace {
std::string law_caption(const ScaleLaw& g) {
  const bool coloured = std::ranges::any_of(g.lines, [](const ScaleLine& l) { return l.at > 0; });
  std::string out = coloured ? "Runs have the colour of the line nearest to them. " : "";
  out += "Dark bands: 95 % intervals of the curve, faint: of a new run, by the delta method.";
  if (g.points.size() > kMostRunsDrawn)
    out += str(" One run in ", 1 + g.points.size() / kMostRunsDrawn, " is drawn.");
  return out;
}
}  // namespace

std::string scale_section(const ScaleLaw& g) {
  return g.name.empty() ? "The law" : "Group " + g.name;
}

std::vector<Figure> scale_figures(const ScaleRecord& s) {
  std::vector<Figure> out;
  const bool by_compute = std::ranges::any_of(s.groups, [](const ScaleLaw& g) {
    return std::ranges::any_of(g.points, [](const ScaleRun& r) { return r.flops > 0; });
  });
  if (s.groups.size() > 1 || (s.needs.size() == 2 && by_compute))
    out.push_back(
        {"groups", "Groups", groups_plot(s),
         s.needs.size() == 2
             ? "Lines: the law where compute is split best, with the 95 % interval of the "
               "curve; runs elsewhere lie above it."
             : "Lines: the law, with the 95 % interval of the curve."});
  for (size_t i = 0; i < s.groups.size(); ++i) {
    const ScaleLaw& g = s.groups[i];
    if (g.points.empty() && g.held_out.empty()) continue;
    const std::string suffix = s.groups.size() > 1 ? str("-", i + 1) : "";
    out.push_back({"law" + suffix, scale_section(g), law_plot(s, g), law_caption(g)});
    out.push_back({"residuals" + suffix, scale_section(g), residual_plot(s, g)});
    if (!g.allocation_line.flops.empty() || !g.minima.empty())
      out.push_back({"allocation" + suffix, scale_section(g), allocation_plot(g),
                     "Marks: at 1, 10 and 100 times the largest compute of the file; 95 % "
                     "intervals."});
  }
  return out;
}
}  // namespace cambium
