// One cycle: half a cosine wave from peak / start up to the peak, then one down to peak / start /
// end. Smith and Topin 2019, arXiv 1708.07120; only the rate cycles, not the momentum.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "train/spec/schedule.h"

namespace cambium::schedule_one_cycle {
namespace {
struct OneCycle {
  std::string warmup = "30%";
  double start = 25, end = 1e4;

  static constexpr auto fields =
      std::tuple{field("warmup", &OneCycle::warmup, "the rise: steps, or a share of the run"),
                 field("start", &OneCycle::start, "the first rate is the peak over this").in(1),
                 field("end", &OneCycle::end, "the last rate is the first over this").in(1)};
};

double wave(double from, double to, double p) {
  return to + (from - to) * 0.5 * (1 + std::cos(std::numbers::pi * p));
}

double lr(const Attrs& attrs, double peak, int64_t step, int64_t total) {
  const OneCycle& a = attrs.as<OneCycle>();
  const int64_t warmup = steps_of(a.warmup, total);
  const double first = peak / a.start, last = first / a.end;
  if (step < warmup) return wave(first, peak, progress(step, 1, warmup));
  return wave(peak, last, progress(step, std::max<int64_t>(warmup, 1), total));
}
}  // namespace

extern const Schedule schedule_one_cycle;
const Schedule schedule_one_cycle = {.name = "one_cycle",
                                     .doc = "rises to the peak and falls far below the start",
                                     .paper = "Smith and Topin 2019, arXiv 1708.07120",
                                     .attrs = schedule_fields<OneCycle>,
                                     .lr = lr,
                                     .warmup = warmup_of<OneCycle>};
}  // namespace cambium::schedule_one_cycle
