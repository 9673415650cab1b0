// Plateau: the peak, times `factor` whenever the metric that `train.best` names has not improved
// for more than `patience` evaluations on validation data. An evaluation improves when it beats the
// best by the share `threshold` of the best's size; the counting is that of ReduceLROnPlateau in
// PyTorch, whose margin has the wrong sign for a metric below 0, such as R2: standing still beats
// it.
#include <algorithm>
#include <cmath>

#include "train/spec/schedule.h"

namespace cambium::schedule_plateau {
namespace {
struct Plateau {
  std::string warmup = "0";
  double factor = 0.1, threshold = 1e-4, min_lr = 0;
  int64_t patience = 10, cooldown = 0;

  static constexpr auto fields = std::tuple{
      field("warmup", &Plateau::warmup, "linear rise: steps, or a share such as 5%"),
      field("factor", &Plateau::factor, "what a plateau multiplies the rate by").in(0, 1),
      field("patience", &Plateau::patience, "evaluations without progress that are borne").in(0),
      field("threshold", &Plateau::threshold, "share of the best that counts as progress").in(0, 1),
      field("cooldown", &Plateau::cooldown, "evaluations after a fall that do not count").in(0),
      field("min_lr", &Plateau::min_lr, "the rate falls no lower").in(0)};
};

void observe(const Attrs& attrs, double peak, double metric, bool higher_is_better,
             ScheduleState& s) {
  const Plateau& a = attrs.as<Plateau>();
  const double margin = s.best ? a.threshold * std::abs(*s.best) : 0;
  const bool progress =
      !s.best || (higher_is_better ? metric > *s.best + margin : metric < *s.best - margin);
  if (progress) s.best = metric;
  s.stale = progress ? 0 : s.stale + 1;
  if (s.cooldown > 0) {
    --s.cooldown;
    s.stale = 0;
  }
  if (s.stale <= a.patience) return;
  const double lowest = peak > 0 ? std::min(1.0, a.min_lr / peak) : 1;
  s.scale = std::max(lowest, s.scale * a.factor);
  s.cooldown = a.cooldown;
  s.stale = 0;
}

double lr(const Attrs& attrs, double peak, int64_t step, int64_t total) {
  const Plateau& a = attrs.as<Plateau>();
  return peak * warmup_factor(step, steps_of(a.warmup, total));
}
}  // namespace

extern const Schedule schedule_plateau;
const Schedule schedule_plateau = {.name = "plateau",
                                   .doc = "falls when the validation metric stops improving",
                                   .attrs = schedule_fields<Plateau>,
                                   .lr = lr,
                                   .warmup = warmup_of<Plateau>,
                                   .lowest = lowest_of<Plateau>,
                                   .observe = observe};
}  // namespace cambium::schedule_plateau
