#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"
#include "viz/search/search_plots.h"

namespace cambium {
std::string times_plot(const SearchRecord& s) {
  double most = 0;
  for (const RecordedTime& t : s.times) most = std::max(most, t.seconds);
  const bool hours = most >= 7200, minutes = !hours && most >= 120;
  const double unit = hours ? 3600 : minutes ? 60 : 1;
  BarPlot plot{.title = "Simulated time of these trials",
               .x_label = hours     ? "hours"
                          : minutes ? "minutes"
                                    : "seconds"};
  for (const RecordedTime& t : s.times)
    plot.rows.push_back({str(t.workers, t.workers == 1 ? " worker" : " workers"),
                         str(compact(t.seconds / unit), ", busy ", fixed(100 * t.busy, 1), " %"), 0,
                         t.seconds / unit});
  return bar_plot(plot);
}
}  // namespace cambium
