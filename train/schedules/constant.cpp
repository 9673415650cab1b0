// Constant: the peak rate at every step after the warm-up.
#include "train/spec/schedule.h"

namespace cambium::schedule_constant {
namespace {
struct Constant {
  std::string warmup = "0";

  static constexpr auto fields =
      std::tuple{field("warmup", &Constant::warmup, "linear rise: steps, or a share such as 5%")};
};

double lr(const Attrs& attrs, double peak, int64_t step, int64_t total) {
  return peak * warmup_factor(step, steps_of(attrs.as<Constant>().warmup, total));
}
}  // namespace

extern const Schedule schedule_constant;
const Schedule schedule_constant = {.name = "constant",
                                    .doc = "the same rate at every step",
                                    .attrs = schedule_fields<Constant>,
                                    .lr = lr,
                                    .warmup = warmup_of<Constant>};
}  // namespace cambium::schedule_constant
