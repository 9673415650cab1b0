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
  for (const char* name : {"constant", "linear", "cosine", "wsd"}) {
    EXPECT_DOUBLE_EQ(lr(name, {{"warmup", 10}}, 1, 100), 0.1) << name;
    EXPECT_DOUBLE_EQ(lr(name, {{"warmup", "10%"}}, 5, 100), 0.5) << name;
    EXPECT_DOUBLE_EQ(lr(name, {{"warmup", 10}}, 10, 100), 1.0) << name;
  }
}

TEST(Schedule, EndsAtTheLowestRate) {
  for (const char* name : {"linear", "cosine", "wsd"})
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
