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

// A way in which the form fails, by so much.
struct Break {
  const char* name;
  double (*log_loss)(double params, double tokens, double strength);
};

double broken_log_loss(double params, double tokens, double of_size, double of_tokens) {
  const test::Ladder l;
  return std::log(1.8 + of_size * l.amplitude / std::pow(params, l.power) +
                  of_tokens * 2085 / std::pow(tokens, 0.366));
}

double beyond(double x, double from) {
  return std::max(0.0, std::log(x / from));
}

const Break kBreaks[] = {
    {"the gain of size fades from 60M parameters on",
     [](double n, double d, double s) {
       return broken_log_loss(n, d, std::pow(1 + std::pow(n / 6e7, 3), s), 1);
     }},
    {"its exponent is another from 60M on",
     [](double n, double d, double s) {
       return broken_log_loss(n, d, std::exp(s * beyond(n, 6e7)), 1);
     }},
    {"that of tokens is another from 2G on",
     [](double n, double d, double s) {
       return broken_log_loss(n, d, 1, std::exp(s * beyond(d, 2e9)));
     }},
    {"small models, below 30M, are worse",
     [](double n, double d, double s) {
       return broken_log_loss(n, d, std::exp(s * beyond(3e7, n)), 1);
     }},
    {"the largest size alone is worse",
     [](double n, double d, double s) {
       return broken_log_loss(n, d, 1, 1) + (n > 2.5e8 ? s : 0);
     }},
    {"short and long trainings for their size are worse",
     [](double n, double d, double s) {
       return broken_log_loss(n, d, 1, 1) + s * std::pow(std::log(d / n / 14), 2);
     }},
    {"one size, 76M, is worse",
     [](double n, double d, double s) {
       return broken_log_loss(n, d, 1, 1) + (std::abs(n / 7.7e7 - 1) < 0.1 ? s : 0);
     }},
};

std::vector<LawRun> draw_broken(const Break& b, double strength, const test::Ladder& ladder,
                                Random& random) {
  std::vector<LawRun> runs = test::draw_ladder(ladder, random);
  for (LawRun& r : runs)
    r.log_answer += b.log_loss(r.at.x[kParams], r.at.x[kTokens], strength) -
                    test::true_log_loss(ladder, r.at.x[kParams], r.at.x[kTokens]);
  return runs;
}

// The root of the mean square that the best curve of the form misses.
double misfit_of(const Break& b, double strength) {
  Random random(0);
  const LawFit f =
      fit_law(law_named("chinchilla"), draw_broken(b, strength, {.noise = 0, .seeds = 1}, random),
              FitObjective::kSquares);
  double squares = 0;
  for (double r : f.residuals) squares += r * r;
  return std::sqrt(squares / double(f.residuals.size()));
}

double strength_of(const Break& b, double misfit) {
  double low = 0, high = 1;
  for (int i = 0; i < 30; ++i) {
    const double middle = (low + high) / 2;
    (misfit_of(b, middle) < misfit ? low : high) = middle;
  }
  return low;
}

void break_rows(const Break& b, int ladders) {
  constexpr double kNoise = 0.003;
  for (int seeds : {2, 3}) {
    fmt::print("| {} | {} |", b.name, seeds);
    for (double times : {0.5, 0.7, 0.85, 1.0, 1.5}) {
      const double strength = strength_of(b, times * kNoise);
      Random random(3, stream_of(str(b.name, seeds, " ", times)));
      int refused = 0;
      for (int i = 0; i < ladders; ++i)
        refused += fit_law(law_named("chinchilla"),
                           draw_broken(b, strength, {.noise = kNoise, .seeds = seeds}, random),
                           FitObjective::kSquares)
                       .lack.refused();
      fmt::print(" {:.1f} |", percent(refused, ladders));
    }
    fmt::print("\n");
    std::fflush(stdout);
  }
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
      "\nForms that do not hold, refused (%), by what the best curve misses over the noise of a "
      "run.\n\n| what breaks | seeds | 0.5 | 0.7 | 0.85 | 1 | 1.5 "
      "|\n|---|---|---|---|---|---|---|\n");
  for (const Break& b : kBreaks) break_rows(b, ladders);
  fmt::print(
      "\nTwo laws that cross.\n\n| noise (%) | seeds | true FLOPs | told | interval covers | equal "
      "laws "
      "told apart | said to cross |\n|---|---|---|---|---|---|---|\n");
  for (double noise : {0.001, 0.003})
    for (int seeds : {1, 2, 3}) crossing_row(noise, seeds, ladders);
  if (argc > 2) schedules(argv[2]);
}
