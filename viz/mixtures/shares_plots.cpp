#include <algorithm>
#include <cmath>

#include "core/text/format.h"
#include "viz/mixtures/mix_plots.h"
#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"
#include "viz/plot/xy_plot.h"

namespace cambium {
std::string best_shares_plot(const MixRecord& r) {
  IntervalPlot plot{.title = "Best mixture, as foretold", .x_label = "share of the source (%)"};
  for (size_t s = 0; s < r.sources.size(); ++s) {
    for (size_t v = 0; v < r.variants.size(); ++v) {
      const VariantMixture& of = r.variants[v];
      if (of.best.empty()) continue;
      IntervalRow row{.label = str(r.sources[s].name, ", ", of.variant),
                      .text = fixed(100 * of.best[s], 1),
                      .colour = v,
                      .mean = 100 * of.best[s],
                      .low = NAN,
                      .high = NAN};
      if (!of.best_interval.empty()) {
        row.low = 100 * of.best_interval[s].low;
        row.high = 100 * of.best_interval[s].high;
        row.text += str(" [", fixed(row.low, 1), ", ", fixed(row.high, 1), "]");
      }
      row.points = {100 * r.sources[s].natural};
      plot.rows.push_back(std::move(row));
    }
  }
  return interval_plot(plot);
}

std::string target_label(const MixRecord& r) {
  return r.target.size() <= 40 ? r.target : std::string("what is to be low, a mean of metrics");
}

std::string share_plot(const MixRecord& r, size_t source) {
  XyPlot plot{.title = str("Runs by their share of ", r.sources[source].name),
              .x_label = str("share of ", r.sources[source].name, " (%)"),
              .y_label = target_label(r),
              .height = 300};
  for (size_t v = 0; v < r.variants.size(); ++v) {
    XyLayer layer{.name = r.variants[v].variant, .colour = v, .opacity = 0.85};
    for (const RecordedMixRun& run : r.runs)
      if (run.variant == layer.name) {
        layer.x.push_back(100 * run.shares[source]);
        layer.y.push_back(run.target);
        layer.tips.push_back(str(run.folder, ": ", fixed(run.target, 4)));
      }
    plot.layers.push_back(std::move(layer));
  }
  return xy_plot(plot);
}
}  // namespace cambium
