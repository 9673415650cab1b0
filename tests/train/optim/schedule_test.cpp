#include "train/spec/schedule.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace cambium::schedule_test {
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

// A fall reaches its end one step behind the last.
TEST(Schedule, EndsAtTheLowestRate) {
  for (const char* name : {"linear", "cosine", "wsd", "polynomial"}) {
    EXPECT_NEAR(lr(name, {{"min_lr", 0.1}}, 101, 100), 0.1, 1e-15) << name;
    EXPECT_GT(lr(name, {{"min_lr", 0.1}}, 100, 100), 0.1) << name;
  }
  EXPECT_EQ(lr("constant", {}, 100, 100), 1.0);
}

TEST(Cosine, IsHalfWayInTheMiddle) {
  EXPECT_DOUBLE_EQ(lr("cosine", {{"min_lr", 0.2}}, 51, 100), 0.6);
  EXPECT_DOUBLE_EQ(lr("cosine", {}, 26, 100), 0.5 * (1 + std::sqrt(0.5)));
}

TEST(Wsd, StaysAtThePeakUntilTheDecay) {
  EXPECT_EQ(lr("wsd", {{"decay", "20%"}}, 80, 100), 1.0);
  EXPECT_DOUBLE_EQ(lr("wsd", {{"decay", "20%"}}, 87, 100), 1 - 7.0 / 21);
  EXPECT_DOUBLE_EQ(lr("wsd", {{"decay", 19}, {"root", true}}, 86, 100), 0.5);
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

// The numbers of the tests below are those of torch.optim.lr_scheduler at lr = 1.
TEST(OneCycle, IsOneCycleLR) {
  expect_rates(rates("one_cycle", {}, 10), {0.04, 0.52, 1, 0.950484632, 0.8117456539, 0.6112620219,
                                            0.3887419781, 0.1882583461, 0.04951936799, 4e-06});
}

TEST(Polynomial, IsPolynomialLR) {
  expect_rates(rates("polynomial", {}, 10),
               {1, 0.81, 0.64, 0.49, 0.36, 0.25, 0.16, 0.09, 0.04, 0.01});
}

TEST(Linear, IsLinearLR) {  // from start_factor 1 to end_factor 0.2 over 5
  expect_rates(rates("linear", {{"min_lr", 0.2}}, 5), {1, 0.84, 0.68, 0.52, 0.36});
}

TEST(Cosine, IsCosineAnnealingLR) {
  expect_rates(rates("cosine", {{"min_lr", 0.1}}, 6),
               {1, 0.9397114317, 0.775, 0.55, 0.325, 0.1602885683});
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

// Of R2, which may be below 0: what stands still makes no progress. PyTorch's margin would be
// negative.
TEST(Plateau, SeesNoProgressInAMetricBelowZeroThatStandsStill) {
  const Args args = {{"factor", 0.1}, {"patience", 0}};
  expect_rates(plateau(args, true, std::vector<double>(5, -11.085)), {1, 1, 0.1, 0.01, 0.001});
  expect_rates(plateau(args, false, std::vector<double>(5, -11.085)), {1, 1, 0.1, 0.01, 0.001});
  expect_rates(plateau(args, true, {-2, -1.5, -1.4, -1.2}), {1, 1, 1, 1});
}

class EveryScheduleShape : public testing::TestWithParam<const Schedule*> {
 protected:
  double rate(const Args& args, int64_t step, int64_t total) {
    return GetParam()->lr(GetParam()->attrs.parse(args, nullptr), 1.0, step, total);
  }
};

// In runs of every length, with and without a warm-up.
TEST_P(EveryScheduleShape, ReachesThePeakAndLearnsAtEveryStep) {
  for (const Args& args : {Args{}, Args{{"warmup", 3}}, Args{{"warmup", "50%"}}})
    for (int64_t total = 1; total <= 60; ++total) {
      const int64_t warmup = GetParam()->warmup(GetParam()->attrs.parse(args, nullptr), total);
      double highest = 0;
      for (int64_t step = 1; step <= total; ++step) {
        const double r = rate(args, step, total);
        EXPECT_GT(r, 0) << step << " of " << total;
        EXPECT_LE(r, 1 + 1e-15) << step << " of " << total;
        highest = std::max(highest, r);
      }
      if (warmup <= total) {
        EXPECT_NEAR(highest, 1, 1e-12) << total;
      }
    }
}

TEST_P(EveryScheduleShape, SurvivesRunsShorterThanTheWarmup) {
  for (int64_t step = 1; step <= 3; ++step) {
    EXPECT_GT(rate({{"warmup", 100}}, step, 3), 0);
    EXPECT_LE(rate({{"warmup", 100}}, step, 3), 1);
  }
}

// Every option at both ends of what it may be: never below 0 nor above the peak.
TEST_P(EveryScheduleShape, StaysBetweenZeroAndThePeak) {
  for (const FieldInfo& f : GetParam()->attrs.describe()) {
    std::vector<ArgValue> values;
    if (f.type == "number") values = {f.min, std::min(f.max, 1.0), std::min(f.max, 100.0)};
    if (f.type == "text") values = {0, 1, "50%", "100%"};
    if (f.name == "min_lr") values = {0.0, 1e-3, 1.0};
    for (const ArgValue& v : values)
      for (int64_t total : {1, 2, 7, 50})
        for (int64_t step = 1; step <= total; ++step) {
          const double r = rate({{f.name, v}}, step, total);
          EXPECT_TRUE(r >= 0 && r <= 1 + 1e-12)
              << f.name << " = " << v.text() << ": " << r << " at " << step << " of " << total;
        }
  }
}

INSTANTIATE_TEST_SUITE_P(Schedules, EveryScheduleShape,
                         testing::ValuesIn(builtin_schedules().begin(), builtin_schedules().end()),
                         [](const auto& info) { return std::string(info.param->name); });

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
}  // namespace cambium::schedule_test
