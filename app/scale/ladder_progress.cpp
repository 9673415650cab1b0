#include "app/scale/ladder_progress.h"

#include "app/scale/ladder_view.h"
#include "core/text/fmt.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr double kPlainSeconds = 15;
}  // namespace

void LadderView::on_plan(const LadderPlan& plan, int64_t jobs) {
  name_ = visible(plan.study.name);
  since_line_.restart();
  since_start_.restart();
  if (mode_ != ProgressMode::kNone) terminal_.raw_note(ladder_text(plan, jobs));
}

void LadderView::on_progress(const ListProgress& p) {
  if (first_share_ < 0) first_share_ = p.share;
  if (p.ended && p.ended->state == TrialState::kFailed)
    terminal_.note(str("failed  ", visible(p.ended->folder), ": ", visible(p.ended->reason)));
  if (mode_ == ProgressMode::kNone || p.ended) return;
  const double made = p.share - first_share_, seconds = since_start_.seconds();
  const std::string left =
      made > 0.002 ? str(", ", duration_text(seconds * (1 - p.share) / made), " left") : "";
  const std::string line =
      str(name_, "  ", mode_ == ProgressMode::kBar ? bar_text(p.share, 20) + " " : "", p.done, "/",
          p.runs, " runs, ", fmt::format("{:.0f} %", 100 * p.share), " of the FLOPs", left,
          p.now.empty() ? "" : "  " + visible(p.now));
  if (mode_ == ProgressMode::kBar) terminal_.status(line);
  if (mode_ == ProgressMode::kPlain && since_line_.seconds() > kPlainSeconds) {
    terminal_.note(line);
    since_line_.restart();
  }
}

void LadderView::finish() {
  terminal_.end_status();
}
}  // namespace cambium
