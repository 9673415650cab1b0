// Ladders of a known law: how often intervals cover, the test of the form refuses, and crossings
// are told; curves of a known schedule. The tables of docs/scaling.md.
//   scaling_laws [ladders [CURVES]]     500 unless told; about two minutes of one core. CURVES: a
//                                       folder of Luo et al.'s curves, cosine_24000.csv ...
#include <algorithm>
#include <cstdlib>

#include "core/system/clock.h"
#include "core/text/fmt.h"
#include "core/text/format.h"
#include "search/laws/answers/compare_groups.h"
#include "search/laws/schedule/schedule_law.h"
#include "tests/search/laws/published_curves.h"
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

// A group as compare_groups takes it, of a ladder without a line.
GroupAnswer group_of(const char* name, const test::Ladder& ladder, Random& random) {
  GroupAnswer g;
  g.name = name;
  std::vector<LawRun> runs = test::draw_ladder(ladder, random);
  for (LawRun& r : runs) r.at.set(kFlops, 6 * r.at.x[kParams] * r.at.x[kTokens]);
  g.fit = fit_law(law_named("chinchilla"), std::move(runs), FitObjective::kSquares);
  return g;
}

// The least true loss at a compute, by trying sizes.
double best_log_loss(const test::Ladder& ladder, double flops) {
  double best = HUGE_VAL;
  for (double n = 1e6; n < 1e12; n *= 1.01)
    best = std::min(best, test::true_log_loss(ladder, n, flops / 6 / n));
  return best;
}

double true_crossing(const test::Ladder& a, const test::Ladder& b) {
  double low = 1e16, high = 1e22;
  const bool below = best_log_loss(a, low) < best_log_loss(b, low);
  for (int i = 0; i < 40; ++i) {
    const double middle = std::sqrt(low * high);
    ((best_log_loss(a, middle) < best_log_loss(b, middle)) == below ? low : high) = middle;
  }
  return low;
}

void crossing_row(double noise, int seeds, int ladders) {
  const test::Ladder a{.noise = noise, .seeds = seeds};
  const test::Ladder b{.noise = noise, .seeds = seeds, .amplitude = 250, .power = 0.311};
  const double truth = true_crossing(a, b);
  Random random(2, stream_of(str("crossings ", noise, " ", seeds)));
  int told = 0, covered = 0, apart = 0, crossed = 0;
  for (int i = 0; i < ladders; ++i) {
    const std::vector<GroupComparison> two =
        compare_groups({group_of("a", a, random), group_of("b", b, random)});
    const std::vector<LawCrossing>& found = two[0].answer.crossings;
    told += found.size() == 1;
    covered += found.size() == 1 && test::holds(found[0].interval, truth);
    const std::vector<GroupComparison> equal =
        compare_groups({group_of("a", a, random), group_of("b", a, random)});
    const CrossedLaws& same = equal[0].answer;
    crossed += !same.crossings.empty();
    apart += std::ranges::any_of(
        same.stretches, [](const ComparedStretch& s) { return s.better != BetterLaw::kNeither; });
  }
  fmt::print("| {:.1f} | {} | {:.2e} | {:.1f} | {:.1f} | {:.1f} | {:.1f} |\n", 100 * noise, seeds,
             truth, percent(told, ladders), told > 0 ? percent(covered, told) : NAN,
             percent(apart, ladders), percent(crossed, ladders));
  std::fflush(stdout);
}

void schedules(const std::string& folder) {
  const Stopwatch watch;
  const ScheduleAnswer a =
      fit_schedules(law_named("multi_power"), test::published_curves(folder), test::kFittedCurves);
  fmt::print(
      "\n{} steps fitted in {:.2f} s, sum of Huber {:.6g}\n| curve | mean error (%) | largest "
      "(%) |\n|---|---|---|\n",
      a.points, watch.seconds(), a.objective);
  for (const CurveAnswer& c : a.answers)
    fmt::print("| {}{} | {:.3f} | {:.3f} |\n", c.curve->name, c.fitted ? " (fitted)" : "",
               100 * c.mean_error, 100 * c.largest_error);
  fmt::print("| mean of those foretold | {:.3f} | {:.3f} |\n", 100 * a.mean_error(),
             100 * a.largest_error());
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
  fmt::print(
      "\nTwo laws that cross.\n\n| noise (%) | seeds | true FLOPs | told | interval covers | equal "
      "laws "
      "told apart | said to cross |\n|---|---|---|---|---|---|---|\n");
  for (double noise : {0.001, 0.003})
    for (int seeds : {1, 2, 3}) crossing_row(noise, seeds, ladders);
  if (argc > 2) schedules(argv[2]);
}
