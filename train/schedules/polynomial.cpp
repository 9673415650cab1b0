// Polynomial: from the peak after the warm-up to min_lr one step behind the last as (1 -
// progress)^power. Chen et al. 2017, arXiv 1606.00915 (power 0.9).
#include <cmath>

#include "train/spec/schedule.h"

namespace cambium::schedule_polynomial {
namespace {
struct Polynomial {
  std::string warmup = "0";
  double power = 2, min_lr = 0;

  static constexpr auto fields = std::tuple{
      field("warmup", &Polynomial::warmup, "linear rise: steps, or a share such as 5%"),
      field("power", &Polynomial::power, "1: a straight line; larger: faster at first").in(0, 100),
      field("min_lr", &Polynomial::min_lr, "where the fall ends, one step behind the last").in(0)};
};

double lr(const Attrs& attrs, double peak, int64_t step, int64_t total) {
  const Polynomial& a = attrs.as<Polynomial>();
  const int64_t warmup = steps_of(a.warmup, total);
  if (step < warmup) return peak * warmup_factor(step, warmup);
  return a.min_lr + (peak - a.min_lr) * std::pow(1 - fallen(step, warmup, total), a.power);
}
}  // namespace

extern const Schedule schedule_polynomial;
const Schedule schedule_polynomial = {.name = "polynomial",
                                      .doc = "falls as a power of what is left",
                                      .paper = "Chen et al. 2017, arXiv 1606.00915",
                                      .attrs = schedule_fields<Polynomial>,
                                      .lr = lr,
                                      .warmup = warmup_of<Polynomial>,
                                      .lowest = lowest_of<Polynomial>};
}  // namespace cambium::schedule_polynomial
