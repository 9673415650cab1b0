#include "train/schedule.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace cambium {
namespace {
double lr(std::string_view name, const Args& args, int64_t step, int64_t total) {
  for (const Schedule* s : builtin_schedules())
    if (s->name == name) return s->lr(s->attrs.parse(args, nullptr), 1.0, step, total);
  throw std::logic_error("no such schedule");
}

TEST(Schedule, WarmupRisesInAStraightLine) {
  for (const char* name :
       {"constant", "linear", "cosine", "wsd", "polynomial", "inverse_sqrt", "step", "plateau"}) {
    EXPECT_DOUBLE_EQ(lr(name, {{"warmup", 10}}, 1, 100), 0.1) << name;
    EXPECT_DOUBLE_EQ(lr(name, {{"warmup", "10%"}}, 5, 100), 0.5) << name;
    EXPECT_DOUBLE_EQ(lr(name, {{"warmup", 10}}, 10, 100), 1.0) << name;
  }
}

TEST(Schedule, EndsAtTheLowestRate) {
  for (const char* name : {"linear", "cosine", "wsd", "polynomial"})
    EXPECT_NEAR(lr(name, {{"min_lr", 0.1}}, 100, 100), 0.1, 1e-15) << name;
  EXPECT_EQ(lr("constant", {}, 100, 100), 1.0);
}

TEST(Cosine, IsHalfWayInTheMiddle) {
  EXPECT_DOUBLE_EQ(lr("cosine", {{"min_lr", 0.2}}, 50, 100), 0.6);
  EXPECT_DOUBLE_EQ(lr("cosine", {}, 25, 100), 0.5 * (1 + std::sqrt(0.5)));
}

TEST(Wsd, StaysAtThePeakUntilTheDecay) {
  EXPECT_EQ(lr("wsd", {{"decay", "20%"}}, 80, 100), 1.0);
  EXPECT_DOUBLE_EQ(lr("wsd", {{"decay", "20%"}}, 90, 100), 0.5);
  EXPECT_DOUBLE_EQ(lr("wsd", {{"decay", 20}, {"root", true}}, 85, 100), 0.5);
}

std::vector<double> rates(std::string_view name, const Args& args, int64_t total) {
  std::vector<double> out;
  for (int64_t step = 1; step <= total; ++step) out.push_back(lr(name, args, step, total));
  return out;
}

void expect_rates(const std::vector<double>& got, const std::vector<double>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-9) << i;
}

// The numbers of the four tests below are those of torch.optim.lr_scheduler at lr = 1.
TEST(OneCycle, IsOneCycleLR) {
  expect_rates(rates("one_cycle", {}, 10), {0.04, 0.52, 1, 0.950484632, 0.8117456539, 0.6112620219,
                                            0.3887419781, 0.1882583461, 0.04951936799, 4e-06});
}

TEST(Polynomial, IsPolynomialLR) {
  const std::vector<double> want = {1, 0.81, 0.64, 0.49, 0.36, 0.25, 0.16, 0.09, 0.04, 0.01};
  // PyTorch counts from 0 and a warm-up of one step is none: step k + 1 of 11 has progress k / 10.
  for (int64_t step = 1; step <= 10; ++step)
    EXPECT_NEAR(lr("polynomial", {{"warmup", 1}}, step, 11), want[size_t(step - 1)], 1e-9);
}

TEST(Step, IsStepLR) {
  expect_rates(rates("step", {{"every", 3}, {"factor", 0.5}}, 10),
               {1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125});
  EXPECT_EQ(lr("step", {{"every", "10%"}, {"factor", 0.5}, {"min_lr", 0.3}}, 100, 100), 0.3);
}

TEST(InverseSqrt, FallsAsTheRootOfTheStep) {
  EXPECT_DOUBLE_EQ(lr("inverse_sqrt", {{"warmup", 4}}, 16, 100), 0.5);
  EXPECT_DOUBLE_EQ(lr("inverse_sqrt", {{"warmup", 0}}, 4, 100), 0.5);
  EXPECT_DOUBLE_EQ(lr("inverse_sqrt", {{"warmup", 4}, {"min_lr", 0.3}}, 100, 100), 0.3);
}

std::vector<double> plateau(const Args& args, bool higher, const std::vector<double>& metrics) {
  std::vector<double> out;
  for (const Schedule* s : builtin_schedules()) {
    if (s->name != "plateau") continue;
    ScheduleState state;
    for (double m : metrics) {
      out.push_back(state.scale);
      s->observe(s->attrs.parse(args, nullptr), 1.0, m, higher, state);
    }
  }
  return out;
}

TEST(Plateau, IsReduceLROnPlateau) {
  expect_rates(
      plateau(
          {{"factor", 0.5}, {"patience", 1}, {"threshold", 1e-2}, {"cooldown", 2}, {"min_lr", 0.2}},
          false,
          {1.0, 0.9, 0.95, 0.9, 0.89999, 0.91, 0.92, 0.93, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6}),
      {1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2});
  expect_rates(plateau({{"factor", 0.5}, {"patience", 1}, {"threshold", 1e-2}}, true,
                       {0.1, 0.2, 0.2, 0.2005, 0.2, 0.3, 0.29, 0.28, 0.27, 0.26}),
               {1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25});
}

TEST(Schedule, SurvivesRunsShorterThanTheWarmup) {
  for (const Schedule* s : builtin_schedules())
    for (int64_t step = 1; step <= 3; ++step) {
      const double rate = s->lr(s->attrs.parse(Args{{"warmup", 100}}, nullptr), 1.0, step, 3);
      EXPECT_GT(rate, 0) << s->name;
      EXPECT_LE(rate, 1) << s->name;
    }
}

TEST(ScheduleLength, IsStepsOrAShare) {
  EXPECT_EQ(steps_of("100", 7), 100);
  EXPECT_EQ(steps_of("5%", 400), 20);
  EXPECT_EQ(steps_of("2.5%", 400), 10);
  for (const char* bad : {"", "%", "5 %", "-1", "1.5", "101%", "ten", "nan"})
    EXPECT_THROW(steps_of(bad, 100), UserError) << bad;
}

TEST(ScheduleLength, MistakesNameTheOption) {
  try {
    lr("cosine", {{"warmup", "5 steps"}}, 1, 10);
    FAIL() << "no error";
  } catch (const UserError& e) {
    EXPECT_STREQ(e.what(), "'warmup': '5 steps' is not a length");
    EXPECT_NE(e.help.find("5%"), std::string::npos);
  }
}
}  // namespace
}  // namespace cambium
