// Linear: falls in a straight line from the peak after the warm-up to min_lr one step behind the
// last.

#include "train/spec/schedule.h"

namespace cambium::schedule_linear {
namespace {
struct Linear {
  std::string warmup = "0";
  double min_lr = 0;

  static constexpr auto fields = std::tuple{
      field("warmup", &Linear::warmup, "linear rise: steps, or a share such as 5%"),
      field("min_lr", &Linear::min_lr, "where the fall ends, one step behind the last").in(0)};
};

double lr(const Attrs& attrs, double peak, int64_t step, int64_t total) {
  const Linear& a = attrs.as<Linear>();
  const int64_t warmup = steps_of(a.warmup, total);
  if (step < warmup) return peak * warmup_factor(step, warmup);
  const double p = fallen(step, warmup, total);
  return peak + (a.min_lr - peak) * p;
}
}  // namespace

extern const Schedule schedule_linear;
const Schedule schedule_linear = {.name = "linear",
                                  .doc = "a straight line from the peak to min_lr",
                                  .attrs = schedule_fields<Linear>,
                                  .lr = lr,
                                  .warmup = warmup_of<Linear>,
                                  .lowest = lowest_of<Linear>};
}  // namespace cambium::schedule_linear
