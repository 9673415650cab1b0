// Laws of whole trainings: curves as they are read, the formula against a plain sum over steps, and
// the published protocol.
#include <gtest/gtest.h>

#include "core/text/fmt.h"
#include "search/laws/fit/interval.h"
#include "search/laws/schedule/schedule_law.h"
#include "tests/search/laws/published_curves.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::schedule_test {
namespace {
const Law& multi_power() {
  return law_named("multi_power");
}

Theta theta_of(std::vector<double> parameters) {
  for (double& v : parameters) v = std::log(v);
  return parameters;
}

const std::vector<double> kTruth = {3.0, 0.5, 400, 2.0, 0.5, 0.5, 0.6};

enum class Shape { kConstant, kCosine, kStep };

double rate_at(Shape shape, double t, double warmup, double end) {
  if (t < warmup) return 3e-4 * t / warmup;
  if (shape == Shape::kStep) return t < end / 2 ? 3e-4 : 9e-5;
  if (shape == Shape::kConstant) return 3e-4;
  return 3e-5 + 2.7e-4 * 0.5 * (1 + std::cos(M_PI * (t - warmup) / (end - warmup)));
}

// The formula as it is written, a sum over all steps.
double plain_loss(const std::vector<double>& p, Shape shape, double step, double warmup,
                  double end) {
  std::vector<double> sums = {0};
  for (double t = 1; t <= step; ++t) sums.push_back(sums.back() + rate_at(shape, t, warmup, end));
  double gain = 0;
  for (double k = warmup + 1; k <= step; ++k) {
    const double rate = rate_at(shape, k, warmup, end), after = sums.back() - sums[size_t(k) - 1];
    gain += (rate_at(shape, k - 1, warmup, end) - rate) *
            (1 - std::pow(1 + p[3] * std::pow(rate, -p[6]) * after, -p[5]));
  }
  return p[0] + p[1] * std::pow(sums.back(), -p[4]) - p[2] * gain;
}

std::string rows(const std::string& name, Shape shape, double end, bool losses = true) {
  std::string out;
  for (double t = 500; t <= end; t += 100) {
    if (shape == Shape::kStep && t == end / 2)  // the jump
      out += fmt::format("{},{},3e-4,\n", name, t - 1);
    out +=
        fmt::format("{},{},{:.12g},{}\n", name, t, rate_at(shape, t, 500, end),
                    losses ? fmt::format("{:.10g}", plain_loss(kTruth, shape, t, 500, end)) : "");
  }
  return out;
}

std::vector<ScheduleCurve> parse(const std::string& lines, int64_t warmup = 500) {
  return parse_curves("curve,step,lr,loss\n" + lines, "c.csv", {.columns = {}, .warmup = warmup});
}

std::string fault(const std::string& lines, int64_t warmup = 0) {
  return test::text_of(test::error_of([&] { parse(lines, warmup); }));
}

TEST(MultiPower, IsTheSumOverAllSteps) {
  for (Shape shape : {Shape::kConstant, Shape::kCosine, Shape::kStep}) {
    const ScheduleCurve c = parse(rows("c", shape, 8000)).at(0);
    std::vector<double> said(c.steps.size());
    multi_power().of_schedules->values(theta_of(kTruth), c, said.data(), nullptr);
    for (size_t i = 0; i < said.size(); i += 9) {
      EXPECT_NEAR(std::exp(said[i]), plain_loss(kTruth, shape, c.steps[i], 500, 8000), 5e-5)
          << int(shape) << " " << c.steps[i];
    }
  }
}

TEST(MultiPower, JacobiansAreTheDerivatives) {
  const ScheduleCurve c = parse(rows("c", Shape::kCosine, 4000)).at(0);
  const size_t n = c.steps.size(), p = kTruth.size();
  std::vector<double> said(n), jacobian(n * p);
  const Theta theta = theta_of(kTruth);
  multi_power().of_schedules->values(theta, c, said.data(), jacobian.data());
  for (size_t i : {size_t(0), n / 2, n - 1}) {
    const std::vector<double> slope = gradient_of(
        [&](std::span<const double> x) {
          multi_power().of_schedules->values(x, c, said.data(), nullptr);
          return said[i];
        },
        theta);
    for (size_t k = 0; k < p; ++k)
      EXPECT_NEAR(jacobian[i * p + k], slope[k], 1e-7) << i << " " << k;
  }
}

TEST(MultiPower, ForetellsAScheduleThatItDidNotSee) {
  const ScheduleAnswer a = fit_schedules(
      multi_power(),
      parse(rows("constant", Shape::kConstant, 6000) + rows("step", Shape::kStep, 6000) +
            rows("short", Shape::kCosine, 6000) + rows("long", Shape::kCosine, 12000) +
            rows("asked", Shape::kCosine, 20000, false)),
      {"constant", "step", "short"});
  ASSERT_EQ(a.answers.size(), 5u);
  EXPECT_TRUE(a.answers[0].fitted);
  EXPECT_FALSE(a.answers[3].fitted);
  EXPECT_LT(a.answers[3].largest_error, 5e-4);
  EXPECT_EQ(a.answers[4].points, 0u);
  EXPECT_NEAR(a.answers[4].law.back(), plain_loss(kTruth, Shape::kCosine, 20000, 500, 20000), 2e-3);
  EXPECT_DOUBLE_EQ(a.mean_error(), a.answers[3].mean_error);
}

TEST(Curves, AreReadWithWarmUpAndJumps) {
  const std::vector<ScheduleCurve> c = parse("a,2,1e-1,5\na,4,1e-1,4\na,5,5e-2,\nb,2,1e-1,\n", 2);
  ASSERT_EQ(c.size(), 2u);
  EXPECT_DOUBLE_EQ(c[0].sums[0], 0.15);  // .05 + .1
  EXPECT_DOUBLE_EQ(c[0].sums[2], 0.4);
  ASSERT_EQ(c[0].changes.size(), 1u);
  EXPECT_DOUBLE_EQ(c[0].changes[0].fall, 0.05);
  EXPECT_DOUBLE_EQ(c[0].changes[0].before, 0.35);
  EXPECT_TRUE(std::isnan(c[0].losses[2]));
  EXPECT_TRUE(c[0].measured());
  EXPECT_FALSE(c[1].measured());
  EXPECT_DOUBLE_EQ(parse("a,2,1e-1,5\n", 0)[0].sums[0], 0.2);
}

TEST(Curves, BadLinesArePlaced) {
  const auto e = test::error_of<UserErrors>(
      [] { parse("a,1,x,3\na,1.5,1,3\na,1,-1,3\na,1,1,0\na,1\na,7,1,3\na,7,1,3\n"); });
  EXPECT_EQ(fault("a,1,1e9,3\n"), "2:5: lr: 1e9 is no learning rate");
  ASSERT_EQ(e.all.size(), 6u);
  EXPECT_EQ(test::text_of(e.all[0]), "2:5: lr: 'x' is no finite number");
  EXPECT_EQ(test::text_of(e.all[1]), "3:3: step: 1.5 is no step");
  EXPECT_EQ(test::text_of(e.all[2]), "4:5: lr: -1 is below zero");
  EXPECT_EQ(test::text_of(e.all[3]), "5:7: loss: 0 is not positive");
  EXPECT_EQ(test::text_of(e.all[4]), "6:1: the line has 2 cells, the first line names 4 columns");
  EXPECT_EQ(test::text_of(e.all[5]), "8:3: step 7 does not come after step 7");
  EXPECT_EQ(fault("a,5,1,3\n", 9),
            "2:1: curve 'a' ends within the warm-up of 9 steps or has no rate above zero");
  EXPECT_EQ(fault(""), "0:0: 'c.csv' holds no steps");
  EXPECT_EQ(test::text_of(test::error_of([] { parse_curves("step,loss\n", "c.csv", {}); })),
            "1:1: there is no column 'lr'");
  EXPECT_EQ(fault("a,20000000,1,3\nb,20000000,1,3\n"),
            "3:1: the curves have more than 20000000 steps");
}

std::string refusal(const std::string& lines, const std::vector<std::string>& fit_on) {
  return test::text_of(
      test::error_of([&] { fit_schedules(multi_power(), parse(lines, 0), fit_on); }));
}

TEST(MultiPower, SaysWhatItCannotBeFittedTo) {
  std::string constant;
  for (int t = 1; t < 20; ++t) constant += fmt::format("a,{},1e-3,{}\n", t, 3 + 1.0 / t);
  EXPECT_EQ(refusal(constant, {}),
            "2:1: no curve changes its rate after warm-up: what decay gives cannot be told");
  EXPECT_EQ(refusal(constant, {"b"}), "0:0: '--fit-on': there is no curve 'b'");
  EXPECT_EQ(refusal("a,1,1,3\na,2,.5,2\n", {}),
            "2:1: law 'multi_power' has 7 parameters and needs more steps with a loss, got 2");
  EXPECT_EQ(refusal("a,1,1,\n", {"a"}), "2:1: '--fit-on': no loss was measured of curve 'a'");
}

// Luo et al. 2025's curves of 25M parameters: nine files of step, lr, loss. Fitted to three, as
// they do; they state .0011 for the mean error and .0041 for the largest. What is found here has a
// mean error of .00111 and .0057 for the largest, at a sum of 1.32165e-4 (docs/scaling.md says
// where lower ones were looked for).
TEST(MultiPower, ForetellsThePublishedCurves) {
  const std::string folder = test::data_path("scaling/multi_power_law/csv_25");
  if (test::skip_without(folder)) return;
  const ScheduleAnswer a =
      fit_schedules(multi_power(), test::published_curves(folder), test::kFittedCurves);
  EXPECT_EQ(a.points, 437u);
  EXPECT_LE(a.objective, 1.325e-4);
  EXPECT_LE(a.mean_error(), 0.00112);
  EXPECT_LE(a.largest_error(), 0.0058);
}
}  // namespace
}  // namespace cambium::schedule_test
