// Cosine: half a wave from the peak after the warm-up to min_lr one step behind the last.
// Loshchilov and Hutter 2017, arXiv 1608.03983, without restarts.
#include <cmath>
#include <numbers>

#include "train/spec/schedule.h"

namespace cambium::schedule_cosine {
namespace {
struct Cosine {
  std::string warmup = "0";
  double min_lr = 0;

  static constexpr auto fields = std::tuple{
      field("warmup", &Cosine::warmup, "linear rise: steps, or a share such as 5%"),
      field("min_lr", &Cosine::min_lr, "where the fall ends, one step behind the last").in(0)};
};

double lr(const Attrs& attrs, double peak, int64_t step, int64_t total) {
  const Cosine& a = attrs.as<Cosine>();
  const int64_t warmup = steps_of(a.warmup, total);
  if (step < warmup) return peak * warmup_factor(step, warmup);
  const double p = fallen(step, warmup, total);
  return a.min_lr + (peak - a.min_lr) * 0.5 * (1 + std::cos(std::numbers::pi * p));
}
}  // namespace

extern const Schedule schedule_cosine;
const Schedule schedule_cosine = {.name = "cosine",
                                  .doc = "half a cosine wave from the peak to min_lr",
                                  .paper = "Loshchilov and Hutter 2017, arXiv 1608.03983",
                                  .attrs = schedule_fields<Cosine>,
                                  .lr = lr,
                                  .warmup = warmup_of<Cosine>,
                                  .lowest = lowest_of<Cosine>};
}  // namespace cambium::schedule_cosine
