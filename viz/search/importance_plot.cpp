#include <algorithm>

#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"
#include "viz/search/search_plots.h"

namespace cambium {
std::string importance_plot(const SearchRecord& s, size_t objective) {
  const std::vector<Importance>& all = s.importance[objective];
  const std::string& name = s.objectives[objective].name;
  BarPlot plot{.title = str("What ", name, " depends on"),
               .x_label = str("share of its variance among these trials (%)")};
  for (size_t i = 0; i < std::min(kMostImportanceRows, all.size()); ++i) {
    const Importance& of = all[i];
    plot.rows.push_back({of.what,
                         str(fixed(100 * of.share, 1), " [", fixed(100 * of.interval.low, 1), ", ",
                             fixed(100 * of.interval.high, 1), "]"),
                         0, 100 * of.share, 0, 100 * of.interval.low, 100 * of.interval.high});
  }
  return bar_plot(plot);
}
}  // namespace cambium
