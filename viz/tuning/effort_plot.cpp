#include "core/text/format.h"
#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"
#include "viz/tuning/tried.h"

namespace cambium {
std::string effort_plot(const Tried& t) {
  BarPlot plot{.title = "Effort of tuning", .x_label = "training FLOPs of all trials"};
  for (size_t i = 0; i < t.arms.size(); ++i) {
    const TriedArm& a = t.arms[i];
    plot.rows.push_back(
        {a.name,
         str(a.points.size(), " trials, ", a.finished, " to the end",
             a.failed > 0 ? str(", ", a.failed, " failed") : "", ", ", flops_text(a.flops)),
         i, a.flops, 0});
  }
  return bar_plot(plot);
}
}  // namespace cambium
