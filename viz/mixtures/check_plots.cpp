#include <algorithm>
#include <cmath>
#include <map>

#include "core/text/format.h"
#include "viz/mixtures/mix_plots.h"
#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"
#include "viz/plot/xy_plot.h"

namespace cambium {
std::string ranks_plot(const MixRecord& r, const MixturePair& pair) {
  std::map<Shares, std::pair<std::vector<double>, std::vector<double>>> by_mixture;
  for (const RecordedMixRun& run : r.runs) {
    if (run.variant == pair.a) by_mixture[run.shares].first.push_back(run.target);
    if (run.variant == pair.b) by_mixture[run.shares].second.push_back(run.target);
  }
  XyLayer layer{.name = "a mixture, mean over seeds", .size = 3.5, .opacity = 0.85};
  for (const auto& [shares, losses] : by_mixture) {
    if (losses.first.empty() || losses.second.empty()) continue;
    layer.x.push_back(mean_of(losses.first));
    layer.y.push_back(mean_of(losses.second));
    std::string tip;
    for (size_t s = 0; s < shares.size(); ++s)
      tip += str(s ? ", " : "", r.sources[s].name, " ", fixed(100 * shares[s], 1), " %");
    layer.tips.push_back(tip);
  }
  return xy_plot({.title = str("The same mixtures: ", pair.b, " against ", pair.a),
                  .x_label = str(pair.a, ", ", target_label(r)),
                  .y_label = str(pair.b, ", ", target_label(r)),
                  .layers = {std::move(layer)}});
}

std::string check_plot(const MixRecord& r, const std::string& variant) {
  IntervalPlot plot{.title = str("Check of ", variant, ": every seed, and the mean"),
                    .x_label = target_label(r)};
  for (const CheckedMixture& c : r.checks) {
    if (c.variant != variant || c.losses.empty()) continue;
    IntervalRow row{.label = c.mixture, .text = {}, .colour = 0, .low = NAN, .high = NAN};
    for (const auto& [seed, loss] : c.losses) row.points.push_back(loss);
    row.mean = mean_of(row.points);
    row.text = fixed(row.mean, 4);
    for (size_t v = 0; v < r.variants.size(); ++v)
      if (r.variants[v].variant == variant) row.colour = v;
    plot.rows.push_back(std::move(row));
  }
  return plot.rows.empty() ? std::string() : interval_plot(plot);
}

std::vector<Figure> mix_figures(const MixRecord& r) {
  std::vector<Figure> out;
  const bool told = std::ranges::any_of(r.variants, [](const auto& v) { return !v.best.empty(); });
  if (told)
    out.push_back({"best", "Best mixtures", best_shares_plot(r),
                   "95 % intervals over resamples of the mixtures; the ring is the share that the "
                   "sources have by their sizes."});
  if (!r.runs.empty())
    for (size_t s = 0; s < r.sources.size(); ++s)
      out.push_back({str("share-", s + 1), "Runs", share_plot(r, s)});
  for (size_t i = 0; i < r.pairs.size(); ++i)
    out.push_back({str("ranks-", i + 1), "Variants", ranks_plot(r, r.pairs[i])});
  for (size_t v = 0; v < r.variants.size(); ++v)
    if (std::string svg = check_plot(r, r.variants[v].variant); !svg.empty())
      out.push_back({str("check-", v + 1), "Check", std::move(svg)});
  return out;
}
}  // namespace cambium
