#include "app/tables/study/trials_view.h"

#include <algorithm>

#include "app/tables/study/tuning_table.h"
#include "core/text/fmt.h"
#include "core/text/utf8.h"
#include "train/run/metrics.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr double kPlainSeconds = 15;

// What sets a trial apart from the others.
std::string name_of_trial(const Trial& t) {
  if (!t.point.empty()) return point_text(t.point);
  return printable(t.origin.value("run", str(t.arm, " seed ", t.seed)));
}
}  // namespace

void TrialsView::on_trials(std::span<const Trial> all, std::span<const RunUpdate> running) {
  if (mode_ == ProgressMode::kNone) return;
  if (mode_ == ProgressMode::kPlain && since_line_.seconds() < kPlainSeconds) return;
  since_line_.restart();
  const int64_t ended =
      std::ranges::count_if(all, [](const Trial& t) { return has_ended(t.state); });
  if (ended_before_ < 0) ended_before_ = ended;
  const int64_t planned = std::max<int64_t>(1, about_.planned);
  std::string line = fmt::format("{} {}/{}", about_.what, ended, planned);
  if (ended > ended_before_)
    line += str(" ETA ", duration_text(since_start_.seconds() / double(ended - ended_before_) *
                                       double(std::max<int64_t>(0, planned - ended))));
  for (const RunUpdate& run : running) {
    line += str("  ", printable(all[size_t(run.id)].arm), " ", grouped(run.status.step));
    if (run.status.steps > 0) line += str("/", grouped(run.status.steps));
  }
  if (mode_ == ProgressMode::kBar)
    terminal_.status(str(bar_text(double(ended) / double(planned), 20), " ", line));
  else
    terminal_.note(line);
}

void TrialsView::on_trial_end(const Trial& t) {
  if (mode_ == ProgressMode::kNone) return;
  const auto other = about_.metrics.find(t.arm);
  const std::string& metric = other == about_.metrics.end() ? about_.metric : other->second;
  const auto value = t.values.find(metric);
  const bool known = value != t.values.end() && value->is_number();
  const bool share = is_share(metric);
  terminal_.note(
      str("trial   ", t.number, " ", printable(t.arm), "  ", name_of_trial(t),
          t.pause_at > 0 ? str(" up to step ", t.pause_at) : "", "  ",
          known ? str(metric, " ", fixed((share ? 100 : 1) * value->get<double>(), share ? 2 : 4))
                : str(name_of(t.state), t.reason.empty() ? "" : ": ", printable(t.reason))));
}
}  // namespace cambium
