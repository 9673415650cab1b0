// Step: the peak, times `factor` every so many steps; the first stair begins where the warm-up
// ends, or a warm-up as long as a stair would never reach the peak. He et al. 2016, arXiv
// 1512.03385.
#include <algorithm>
#include <cmath>

#include "train/spec/schedule.h"

namespace cambium::schedule_step {
namespace {
struct Step {
  std::string warmup = "0", every = "30%";
  double factor = 0.1, min_lr = 0;

  static constexpr auto fields =
      std::tuple{field("warmup", &Step::warmup, "linear rise: steps, or a share such as 5%"),
                 field("every", &Step::every, "length of a stair: steps, or a share of the run"),
                 field("factor", &Step::factor, "what each stair multiplies the rate by").in(0, 1),
                 field("min_lr", &Step::min_lr, "the rate falls no lower").in(0)};
};

double lr(const Attrs& attrs, double peak, int64_t step, int64_t total) {
  const Step& a = attrs.as<Step>();
  const int64_t warmup = steps_of(a.warmup, total);
  if (step < warmup) return peak * warmup_factor(step, warmup);
  const int64_t every = std::max<int64_t>(1, steps_of(a.every, total));
  const int64_t falls = (step - std::max<int64_t>(1, warmup)) / every;
  return std::max(std::min(a.min_lr, peak), peak * std::pow(a.factor, double(falls)));
}
}  // namespace

extern const Schedule schedule_step;
const Schedule schedule_step = {.name = "step",
                                .doc = "the peak times a factor at regular steps",
                                .paper = "He et al. 2016, arXiv 1512.03385",
                                .attrs = schedule_fields<Step>,
                                .lr = lr,
                                .warmup = warmup_of<Step>,
                                .lowest = lowest_of<Step>};
}  // namespace cambium::schedule_step
