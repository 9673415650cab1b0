#include "app/tables/train_view.h"

#include <cmath>

#include "core/text/fmt.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr double kRedrawSeconds = 0.1, kPlainLineSeconds = 10;
}

void declare_progress(CommandLine& line, std::string& to) {
  line.choice("--progress", to, {"auto", "bar", "plain", "none"}, "how progress is shown");
}

ProgressMode progress_mode(const std::string& choice, const Terminal& terminal) {
  if (choice == "none") return ProgressMode::kNone;
  const bool bar = choice == "bar" || (choice == "auto" && terminal.traits().live);
  return bar && terminal.traits().live ? ProgressMode::kBar : ProgressMode::kPlain;
}

std::string duration_text(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9) return "?";
  const auto s = int64_t(std::llround(seconds));
  if (s < 60) return str(s, "s");
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
}

std::string bar_text(double share, int width) {
  const int full = int(std::floor(std::min(std::max(share, 0.0), 1.0) * width));
  std::string bar(size_t(full), '=');
  if (full < width) bar += '>';
  bar.resize(size_t(width), ' ');
  return str("[", bar, "]");
}

void TrainView::on_start(const RunInfo& info) {
  first_step_ = info.first_step;
  since_start_.restart();
  if (mode_ == ProgressMode::kNone) return;
  terminal_.note(str("data    ", info.data));
  terminal_.note(str("model   ", compact(double(info.cost.parameters)), " parameters, ",
                     flops_text(info.cost.flops_per_step), " a step (",
                     share_text(info.cost.products_per_step, info.cost.flops_per_step),
                     " products)"));
  terminal_.note(str("memory  ", memory_text(double(info.peak_bytes)), " at the peak, ",
                     memory_text(double(info.needed_bytes)), " of it to come, ",
                     memory_text(double(info.available_bytes)), " free"));
  for (const ReferenceLoss& r : info.reference_losses)
    terminal_.note(str(r.floor ? "floor   " : "beside  ", r.name, ": ", fixed(r.loss, 4),
                       info.values ? "" : " nats"));
  if (info.over)
    return terminal_.note(str("steps   none left: the run is over at step ",
                              grouped(info.first_step - 1), " of ", grouped(info.steps)));
  terminal_.note(str("steps   ", grouped(info.first_step), " to ", grouped(info.steps), ", ",
                     grouped(info.batches_per_epoch), " batches an epoch"));
}

std::string TrainView::line(const StepReport& r) const {
  const double done = double(r.step - first_step_);
  const double eta = since_start_.seconds() / std::max(done, 1.0) * double(r.steps - r.step);
  return str("step ", grouped(r.step), "/", grouped(r.steps), "  loss ", fixed(r.loss, 4),
             last_evaluation_, "  lr ", fmt::format("{:.3g}", r.lr), "  ",
             fmt::format("{:.1f}", r.step_ms), " ms/step  ETA ", duration_text(eta));
}

void TrainView::on_step(const StepReport& r) {
  if (mode_ == ProgressMode::kNone) return;
  const double wait = mode_ == ProgressMode::kBar ? kRedrawSeconds : kPlainLineSeconds;
  if (said_any_ && since_line_.seconds() < wait && r.step < r.steps) return;
  said_any_ = true;
  since_line_.restart();
  if (mode_ == ProgressMode::kPlain) return terminal_.note(line(r));
  terminal_.status(
      str(bar_text(double(r.step) / double(std::max<int64_t>(r.steps, 1)), 20), " ", line(r)));
}

void TrainView::on_evaluation(const EvaluationReport& r) {
  const Metrics& m = r.metrics;
  last_evaluation_ = str("  val ", fixed(m.loss, 4), " (",
                         m.kind == TargetKind::kValues ? str("R2 ", fixed(m.r2, 4))
                                                       : str(fixed(100 * m.accuracy, 2), " %"),
                         ")");
  if (mode_ == ProgressMode::kNone) return;
  terminal_.note(
      str("val     step ", grouped(r.step), ": ", to_text(m), r.best ? ", best so far" : ""));
}

void TrainView::on_note(const std::string& text) {
  terminal_.note(str("note    ", text));
}

void TrainView::finish() {
  terminal_.end_status();
}
}  // namespace cambium
