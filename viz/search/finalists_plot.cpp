#include <algorithm>
#include <cmath>

#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"
#include "viz/search/search_plots.h"

namespace cambium {
namespace {
constexpr size_t kMayBeBest = 2, kIsNot = 6;  // green, grey

size_t colour_of_finalist(const RecordedFinalist& f) {
  return f.may_be_best ? kMayBeBest : kIsNot;
}

// Above zero: better than the best of the others, whichever way the objective points.
double above_others(const SearchRecord& s, const RecordedFinalist& of) {
  double least = HUGE_VAL;
  for (const RecordedFinalist& f : s.finalists)
    if (&f != &of && std::isfinite(f.mean))
      least = std::min(least, s.objectives[0].maximize ? of.mean - f.mean : f.mean - of.mean);
  return least;
}
}  // namespace

std::string finalists_plot(const SearchRecord& s) {
  IntervalPlot plot{.title = "Finalists: each against the best of the others",
                    .x_label = str("difference of ", s.judged_in,
                                   ", to the right better; 95 % intervals of all together (Hsu)"),
                    .zero_line = true,
                    .below_zero = "another is better",
                    .above_zero = "better than all others"};
  for (const RecordedFinalist& f : s.finalists) {
    if (!std::isfinite(f.to_best.low)) continue;
    plot.rows.push_back({f.name,
                         f.may_be_best ? "may be the best" : "is not the best",
                         colour_of_finalist(f),
                         above_others(s, f),
                         f.to_best.low,
                         f.to_best.high,
                         {}});
  }
  return interval_plot(plot);
}

std::string trainings_plot(const SearchRecord& s) {
  IntervalPlot plot{.title = "Finalists: trainings that chose nothing",
                    .x_label = str(s.judged_in, "; ring: a training, diamond: mean")};
  for (const RecordedFinalist& f : s.finalists)
    if (std::isfinite(f.mean))
      plot.rows.push_back(
          {f.name,
           str(plain(f.mean), std::isnan(f.seen) ? "" : str("; the search saw ", plain(f.seen))),
           colour_of_finalist(f), f.mean, NAN, NAN, f.trainings});
  return interval_plot(plot);
}
}  // namespace cambium
