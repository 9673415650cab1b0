#include <algorithm>
#include <cmath>

#include "viz/plot/text.h"
#include "viz/search/search_plots.h"
#include "viz/tuning/tried.h"

namespace cambium {
namespace {
std::string reference_caption(const SearchRecord& s) {
  std::string out;
  for (const RecordedObjective& o : s.objectives)
    if (std::isfinite(o.reference))
      out += str(out.empty() ? "Hypervolume counts from " : ", ", o.name, " ", plain(o.reference),
                 !o.reference_is_worst ? ""
                 : s.of_models         ? " (the worst trial)"
                                       : " (the worst row)");
  return out.empty() ? out : out + ".";
}

void add_fronts(std::vector<Figure>& out, const SearchRecord& s) {
  const size_t n = s.objectives.size();
  std::string caption = n == 2 ? reference_caption(s) : "Front: no trial is better in everything.";
  if (s.trials.size() > kMostPointsDrawn)
    caption += str(" Of the trials behind the front one in ",
                   1 + s.trials.size() / kMostPointsDrawn, " is drawn.");
  for (size_t y = 0; y < n; ++y)
    for (size_t x = y + 1; x < n && out.size() < 6; ++x)
      out.push_back({n == 2 ? "front" : str("front-", y + 1, "-", x + 1), "Front",
                     front_plot(s, x, y), caption});
}

bool judged(const SearchRecord& s) {
  return std::ranges::any_of(s.finalists, [](const auto& f) { return std::isfinite(f.mean); });
}
}  // namespace

std::vector<Figure> search_figures(const SearchRecord& s) {
  std::vector<Figure> out;
  if (s.objectives.size() > 1) add_fronts(out, s);
  if (!s.progress.empty())
    out.push_back({"progress", "Progress", progress_plot(s),
                   str(std::isfinite(s.of_random)
                           ? "Uniform draws: all ways to draw as many rows without putting back, "
                             "by formula of one objective, 200 searches of several. "
                           : "",
                       "Worse than what is found after a twentieth of the trials is cut off.")});
  if (judged(s)) {
    out.push_back({"finalists", "Finalists", finalists_plot(s),
                   "Who is best is among those whose interval reaches above zero, with a chance of "
                   "95 % (multiple comparisons with the best, Hsu 1981)."});
    out.push_back({"trainings", "Finalists", trainings_plot(s)});
  }
  for (size_t m = 0; m < s.importance.size(); ++m) {
    if (s.importance[m].empty()) continue;
    const size_t rest =
        s.importance[m].size() - std::min(kMostImportanceRows, s.importance[m].size());
    out.push_back({s.importance.size() == 1 ? "importance" : str("importance-", m + 1),
                   "Importance", importance_plot(s, m),
                   str("Estimated share of the variance by one choice alone, corrected for chance "
                       "(omega squared), and its 95 % interval.",
                       rest > 0 ? str(" ", rest, " smaller ones are left out.") : "")});
  }
  for (Figure& f : tried_figures(tried_of(s))) out.push_back(std::move(f));
  if (!s.times.empty()) out.push_back({"times", "Simulated time", times_plot(s)});
  return out;
}
}  // namespace cambium
