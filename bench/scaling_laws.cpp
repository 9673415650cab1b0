// Ladders of a known law: how often intervals cover and the test of the form refuses; the table of
// docs/scaling.md.
//   scaling_laws [ladders]     500 unless told; about a minute of one core
#include <algorithm>
#include <cstdlib>

#include "core/text/fmt.h"
#include "core/text/format.h"
#include "tests/search/laws/support.h"

namespace cambium {
namespace {
double percent(int part, int whole) {
  return 100.0 * part / whole;
}

// Under Huber's sum what `scale` shows of a loss is the delta method's, whichever is asked for.
void row(test::Ladder ladder, int ladders, FitObjective objective) {
  const Law& law = law_named("chinchilla");
  const double n = 1.2e9, d = 20 * n;  // 4 times the largest size
  const LawInput at = test::input_of(n, d);
  // Draws of its own for each row, so that rows are measurements of their own.
  Random random(1, stream_of(str("ladders ", ladder.noise, " ", ladder.seeds)));
  int curve = 0, run = 0, delta_curve = 0, delta_run = 0, drawn = 0, refused = 0, broken = 0;
  const int bootstraps = std::max(1, ladders / 5);
  for (int i = 0; i < ladders; ++i) {
    ladder.broken = false;
    const LawFit f = fit_law(law, test::draw_ladder(ladder, random), objective);
    const double log_loss = test::true_log_loss(ladder, n, d), truth = std::exp(log_loss);
    const double fresh = std::exp(log_loss + ladder.noise * random.normal());
    const Prediction p = predict(f, at, IntervalKind::kProfile);
    const Prediction q = predict(f, at, IntervalKind::kDelta);
    curve += test::holds(p.curve, truth);
    run += test::holds(p.run, fresh);
    delta_curve += test::holds(q.curve, truth);
    delta_run += test::holds(q.run, fresh);
    refused += f.lack.refused();
    if (i < bootstraps) {
      const Interval b = percentile_interval(
          bootstrap_fits(f, 200, uint64_t(i)),
          [&](std::span<const double> theta) { return law_value(law, theta, at); });
      drawn += test::holds(b, truth);
    }
    ladder.broken = true;
    broken += fit_law(law, test::draw_ladder(ladder, random), objective).lack.refused();
  }
  fmt::print("| {:.1f} | {}{} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {} | {} |\n",
             100 * ladder.noise, ladder.seeds, objective == FitObjective::kHuber ? " (Huber)" : "",
             percent(curve, ladders), percent(run, ladders), percent(delta_curve, ladders),
             percent(delta_run, ladders), percent(drawn, bootstraps),
             ladder.seeds > 1 ? fmt::format("{:.1f}", percent(refused, ladders)) : "-",
             ladder.seeds > 1 ? fmt::format("{:.1f}", percent(broken, ladders)) : "-");
  std::fflush(stdout);
}
}  // namespace
}  // namespace cambium

int main(int argc, char** argv) {
  using namespace cambium;
  const int ladders = argc > 1 ? std::max(20, std::atoi(argv[1])) : 500;
  fmt::print(
      "{} ladders a row.\n\n| noise (%) | seeds | profile: curve | run | delta: curve | run | "
      "bootstrap: curve | refused | broken refused |\n|---|---|---|---|---|---|---|---|---|\n",
      ladders);
  for (double noise : {0.001, 0.002, 0.003, 0.01})
    for (int seeds : {1, 2, 3}) {
      if (seeds == 1) row({.noise = noise, .seeds = 1}, ladders, FitObjective::kHuber);
      row({.noise = noise, .seeds = seeds}, ladders, FitObjective::kSquares);
    }
}
