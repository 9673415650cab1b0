// Warm-up, stable, decay: rise, stay at the peak, fall over the last steps to min_lr. Hu et al.
// 2024, arXiv 2404.06395; the 1 - sqrt fall is from Haegele et al. 2024, arXiv 2405.18392.
#include <cmath>

#include "train/spec/schedule.h"

namespace cambium::schedule_wsd {
namespace {
struct Wsd {
  std::string warmup = "0", decay = "20%";
  double min_lr = 0;
  bool root = false;

  static constexpr auto fields = std::tuple{
      field("warmup", &Wsd::warmup, "linear rise: steps, or a share such as 5%"),
      field("decay", &Wsd::decay, "the fall at the end: steps, or a share such as 20%"),
      field("min_lr", &Wsd::min_lr, "where the fall ends, one step behind the last").in(0),
      field("root", &Wsd::root, "fall as 1 - sqrt(progress) instead of a straight line")};
};

double lr(const Attrs& attrs, double peak, int64_t step, int64_t total) {
  const Wsd& a = attrs.as<Wsd>();
  const int64_t warmup = steps_of(a.warmup, total), decay = steps_of(a.decay, total);
  if (step < warmup) return peak * warmup_factor(step, warmup);
  const double p = decay > 0 ? fallen(step, std::max(warmup, total - decay), total) : 0.0;
  return peak + (a.min_lr - peak) * (a.root ? std::sqrt(p) : p);
}
}  // namespace

extern const Schedule schedule_wsd;
const Schedule schedule_wsd = {.name = "wsd",
                               .doc = "warm-up, a stable peak, then a fall to min_lr",
                               .paper = "Hu et al. 2024, arXiv 2404.06395",
                               .attrs = schedule_fields<Wsd>,
                               .lr = lr,
                               .warmup = warmup_of<Wsd>,
                               .lowest = lowest_of<Wsd>};
}  // namespace cambium::schedule_wsd
