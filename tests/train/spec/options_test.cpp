#include "train/spec/options.h"

#include <gtest/gtest.h>

namespace cambium::options_test {
namespace {
struct Parsed {
  TrainSpec spec;
  std::vector<UserError> errors;
};

Parsed parse(const std::string& text) {
  const Yaml yaml = parse_yaml(text, "t.yaml");
  Diagnostics errors;
  Parsed p{parse_train(&yaml, Vars{}, errors), {}};
  p.errors = errors.errors();
  return p;
}

std::string only_error(const std::string& text) {
  const Parsed p = parse(text);
  if (p.errors.size() != 1) return str(p.errors.size(), " errors");
  const UserError& e = p.errors[0];
  return str(e.mark.line, ":", e.mark.column, ": ", e.what(), "; ", e.help);
}

TEST(TrainOptions, HaveDefaults) {
  Diagnostics errors;
  const TrainSpec spec = parse_train(nullptr, Vars{}, errors);
  EXPECT_TRUE(errors.empty());
  EXPECT_EQ(spec.optimizer.record->name, "adamw");
  EXPECT_EQ(spec.schedule.record->name, "constant");
  EXPECT_EQ(spec.lr(5, 10), 1e-3);
}

TEST(TrainOptions, AreRead) {
  const Parsed p = parse(
      "{optimizer: {sgd: {lr: 0.5, momentum: 0.9}}, schedule: {linear: {warmup: 50%}}, batch: 7,\n"
      " steps: 1e3, clip: 1, best: val.accuracy}");
  EXPECT_TRUE(p.errors.empty());
  EXPECT_EQ(p.spec.options.batch, 7);
  EXPECT_EQ(p.spec.options.steps, 1000);
  EXPECT_EQ(p.spec.lr(250, 1000), 0.25);
  EXPECT_DOUBLE_EQ(p.spec.lr(750, 1000), 0.5 * 251 / 501);
}

TEST(TrainOptions, SuggestForAMisspeltKey) {
  EXPECT_EQ(only_error("bacth: 3"), "1:1: unknown key 'bacth' in train; did you mean 'batch'?");
  EXPECT_EQ(only_error("optimiser: sgd"),
            "1:1: unknown key 'optimiser' in train; did you mean 'optimizer'?");
}

TEST(TrainOptions, SuggestForAMisspeltChoice) {
  EXPECT_EQ(only_error("optimizer: {adamv: {lr: 1}}"),
            "1:13: unknown optimizer 'adamv'; did you mean 'adam' or 'adamw'?");
  EXPECT_EQ(only_error("schedule: cosin"),
            "1:11: unknown schedule 'cosin'; did you mean 'cosine'?");
}

TEST(TrainOptions, MarkAWrongValue) {
  EXPECT_EQ(only_error("optimizer: {sgd: {momentum: 2}}"),
            "1:29: 'momentum' must be between 0 and 1, got 2; ");
  EXPECT_EQ(only_error("schedule: {cosine: {warmup: fast}}"),
            "1:29: 'warmup': 'fast' is not a length; write a number of steps such as 100, or a "
            "share of the run such as 5%");
}

TEST(TrainOptions, TakeEpochsOrSteps) {
  EXPECT_EQ(only_error("epochs: 1\nsteps: 2"),
            "2:1: train: has both 'epochs' and 'steps'; keep one of them");
}

TEST(TrainOptions, LengthOnTheCommandLineReplacesTheSpecs) {
  Yaml yaml = parse_yaml("{epochs: 3}", "t.yaml");
  yaml.entries.push_back({"steps", {"--set", 1, 7, 5, true}, parse_yaml("40", "--set")});
  yaml.entries.back().value.mark.override = true;
  Diagnostics errors;
  const TrainSpec spec = parse_train(&yaml, Vars{}, errors);
  EXPECT_TRUE(errors.empty());
  EXPECT_EQ(spec.options.steps, 40);
  EXPECT_EQ(spec.options.epochs, 0);
}

TEST(TrainOptions, ReportEveryMistakeAtOnce) {
  const Parsed p =
      parse("{batch: 0, optimizer: no, schedule: {cosine: {x: 1}}, accuracy: x, foo: 1}");
  EXPECT_EQ(p.errors.size(), 5u);
}

TEST(Choice, TakesOneNameOnly) {
  EXPECT_EQ(parse("optimizer: {sgd: {lr: 1}, adam: {lr: 1}}").errors.size(), 1u);
  EXPECT_EQ(parse("optimizer: {sgd: 1}").errors.size(), 1u);
  EXPECT_EQ(parse("optimizer: {sgd: }").errors.size(), 0u);
}
}  // namespace
}  // namespace cambium::options_test
