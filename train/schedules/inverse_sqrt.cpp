// Inverse square root: the peak at the end of the warm-up, then peak sqrt(warmup / step); it does
// not know the end of the run. Vaswani et al. 2017, arXiv 1706.03762, section 5.3.
#include <algorithm>
#include <cmath>

#include "train/spec/schedule.h"

namespace cambium::schedule_inverse_sqrt {
namespace {
struct InverseSqrt {
  std::string warmup = "10%";
  double min_lr = 0;

  static constexpr auto fields =
      std::tuple{field("warmup", &InverseSqrt::warmup, "linear rise: steps, or a share such as 5%"),
                 field("min_lr", &InverseSqrt::min_lr, "the rate falls no lower").in(0)};
};

double lr(const Attrs& attrs, double peak, int64_t step, int64_t total) {
  const InverseSqrt& a = attrs.as<InverseSqrt>();
  const int64_t warmup = steps_of(a.warmup, total);
  if (step < warmup) return peak * warmup_factor(step, warmup);
  const double first = double(std::max<int64_t>(1, warmup));
  return std::max(std::min(a.min_lr, peak), peak * std::sqrt(first / double(step)));
}
}  // namespace

extern const Schedule schedule_inverse_sqrt;
const Schedule schedule_inverse_sqrt = {.name = "inverse_sqrt",
                                        .doc = "the peak over the root of the step",
                                        .paper = "Vaswani et al. 2017, arXiv 1706.03762",
                                        .attrs = schedule_fields<InverseSqrt>,
                                        .lr = lr,
                                        .warmup = warmup_of<InverseSqrt>,
                                        .lowest = lowest_of<InverseSqrt>};
}  // namespace cambium::schedule_inverse_sqrt
