// What a ladder is planned to be: sizes, lengths, costs, and what is refused.
#include "search/ladder/ladder_plan.h"

#include <cmath>
#include <set>

#include "search/ladder/ladder_folder.h"
#include "tests/search/ladder/support.h"

namespace cambium::ladder_plan_test {
namespace {
class Ladder : public test::LadderFiles {};

constexpr const char* kPlain =
    "free: [vars.dim, vars.depth], aspect: {vars.depth: \"max(1, round(dim / 16))\"}, "
    "params: [500, 6k], sizes: 3, tokens_per_param: [2, 4]";

// Counted by hand: embed 6 d; a layer norm d, ffn d 2d + 2d + 2d d + d; head 6 d + 6.
int64_t params_of(int64_t d, int64_t layers) {
  return 6 * d + layers * (d + 4 * d * d + 3 * d) + 6 * d + 6;
}

TEST_F(Ladder, MeetsEachSizeAndLength) {
  const LadderPlan p = plan(ladder(kPlain));
  ASSERT_EQ(p.rungs.size(), 3u);
  ASSERT_EQ(p.points.size(), 6u);
  EXPECT_EQ(p.runs.size(), 12u);
  EXPECT_EQ(p.tokens_per_example, 16);
  EXPECT_EQ(p.unique_tokens, 512 * 16);
  double flops = 0;
  for (const LadderPoint& point : p.points) {
    const LadderRung& r = p.rung_of(point);
    EXPECT_NEAR(double(r.params.total) / r.target, 1, 0.25);
    const Yaml& vars = *point.planned.spec.section("vars");
    const int64_t dim = std::stol(vars.find("dim")->text),
                  depth = std::stol(vars.find("depth")->text);
    EXPECT_EQ(depth, std::max<int64_t>(1, std::llround(double(dim) / 16)));
    EXPECT_EQ(r.params.total, params_of(dim, depth));
    EXPECT_EQ(r.params.with_head, r.params.total - 6 * dim);
    EXPECT_EQ(r.params.body, r.params.with_head - 6 * dim - 6);
    EXPECT_EQ(r.params.total, point.planned.cost.parameters);
    EXPECT_EQ(point.tokens, double(point.planned.steps * 8 * 16));
    EXPECT_LE(std::abs(point.tokens - point.length * double(r.params.total)), 8 * 16 / 2);
    flops += 2 * point.flops();
  }
  EXPECT_NEAR(p.flops() / flops, 1, 1e-12);
  EXPECT_EQ(p.most_passes(), p.points.back().tokens / (512 * 16));
}

TEST_F(Ladder, RunsAreNamedByWhatTheyAreAndTheCheapestComeFirst) {
  const LadderPlan p = plan(ladder(kPlain));
  std::set<std::string> folders;
  double before = 0;
  for (const LadderRun& run : p.runs) {
    const LadderPoint& point = p.points[run.point];
    EXPECT_EQ(run.folder, str("runs/model-n", p.rung_of(point).params.total, "-d", point.length,
                              "-s", run.seed));
    folders.insert(run.folder);
    EXPECT_GE(point.flops(), before);
    before = point.flops();
    const Spec spec = ladder_spec(p, run);
    EXPECT_EQ(spec.section("train")->find("seed")->text, str(run.seed));
    EXPECT_EQ(spec.section("train")->find("steps")->text, str(point.planned.steps));
  }
  EXPECT_EQ(folders.size(), p.runs.size());
}

TEST_F(Ladder, FollowsSizeTokensAndSteps) {
  const LadderPlan p =
      plan(ladder("free: vars.dim, params: [500, 4k], sizes: 2, tokens: [4096, 8192], follow: "
                  "{train.batch: \"max(4, round(4 * ratio ^ 0.5))\", train.optimizer.adamw.lr: "
                  "\"1 / params\", train.log_every: \"max(1, floor(steps / 4))\", "
                  "train.checkpoint_every: tokens}"));
  for (const LadderPoint& point : p.points) {
    const double params = double(p.rung_of(point).params.total),
                 ratio = params / double(p.rungs[0].params.total);
    const Yaml& train = *point.planned.spec.section("train");
    EXPECT_EQ(std::stol(train.find("batch")->text),
              std::max<int64_t>(4, std::llround(4 * std::sqrt(ratio))));
    EXPECT_DOUBLE_EQ(std::stod(train.find("optimizer")->find("adamw")->find("lr")->text),
                     1 / params);
    EXPECT_EQ(std::stol(train.find("log_every")->text),
              std::max<int64_t>(1, point.planned.steps / 4));
    EXPECT_EQ(std::stod(train.find("checkpoint_every")->text), point.length);
    EXPECT_NEAR(point.tokens, point.length, 0.5 * double(16 * point.planned.examples_per_step));
  }
}

// Every run's model counts from the same base, whatever its size.
TEST_F(Ladder, EveryRunHasTheParameterisation) {
  const LadderPlan p =
      plan(ladder(kPlain, "parameterisation: {completep: {base: {vars.dim: 4, vars.depth: 1}}}\n"));
  std::set<double> widths;
  for (const LadderRun& run : p.runs) {
    const Experiment e = open_experiment(ladder_spec(p, run));
    ASSERT_TRUE(e.parameterisation.scales());
    EXPECT_EQ(e.parameterisation.record->name, "completep");
    const Yaml& vars = *e.spec.section("vars");
    const WeightGrowth& g = model_of(e, 1, true).growth.at("linear.weight");
    EXPECT_DOUBLE_EQ(g.fan_in, std::stod(vars.find("dim")->text) / 4);
    widths.insert(g.fan_in);
  }
  EXPECT_EQ(widths.size(), 3u);
}

TEST_F(Ladder, AParameterisationThatCannotBeIsAnErrorAtItsPlace) {
  using Lines = std::vector<std::string>;
  const auto of = [&](const std::string& rule) {
    return errors(ladder("free: vars.dim, params: [500, 4k], sizes: 2, tokens: 1k",
                         "parameterisation: " + rule + "\n"));
  };
  EXPECT_EQ(of("mpu"), (Lines{"3:19: unknown parameterisation 'mpu'"}));
  EXPECT_EQ(of("mup"), (Lines{"3:19: 'mup' needs `base`: the sizes that its settings are of"}));
  EXPECT_EQ(of("{mup: {base: {vars.width: 8}}}"),
            (Lines{"3:33: base: the spec has no variable 'width'"}));
  EXPECT_EQ(of("{mup: {base: {vars.depth: 1}}}"),
            (Lines{"3:20: base: names nothing that the sizes of 'model' depend on: every weight is "
                   "as large as at base, and nothing would be scaled"}));
  replace_file(
      folder_.path("model.yaml"),
      "vars: {dim: 8}\ndata: {markov_text: {symbols: 6, order: 1, context: 16, train: 512, "
      "val: 32, test: 32}}\nmodel:\n  - embed: $dim\n  - mamba: {}\n  - linear: "
      "$classes\ntrain: {batch: 8, steps: 10, optimizer: adamw}\n");
  const Lines none = of("{mup: {base: {vars.dim: 8}}}");
  ASSERT_EQ(none.size(), 1u);
  EXPECT_NE(none[0].find("no rule of mup is known for it"), std::string::npos) << none[0];
}

TEST_F(Ladder, EqualFlopsAreEqualForEverySize) {
  const LadderPlan p =
      plan(ladder("free: vars.dim, params: [500, 4k], sizes: 3, flops: [2e7, 8e7]"));
  for (const LadderPoint& point : p.points)
    EXPECT_NEAR(point.flops(), point.length, point.planned.cost.flops_per_step);
  EXPECT_TRUE(p.runs.front().folder.ends_with("-c20000000-s0")) << p.runs.front().folder;
}

TEST_F(Ladder, ABudgetThatDoesNotPayIsRefusedWithWhatWouldFit) {
  const double cost = plan(ladder(kPlain)).flops();
  EXPECT_NO_THROW(
      plan(ladder(kPlain, str("seeds: 2\nbudget: {flops: ", int64_t(cost * 1.001), "}\n"))));
  const auto e = test::error_of(
      [&] { plan(ladder(kPlain, str("seeds: 2\nbudget: {flops: ", int64_t(cost * 0.6), "}\n"))); });
  EXPECT_EQ(e.mark.line, 4);
  EXPECT_TRUE(std::string(e.what()).starts_with("the ladder's 12 runs take ")) << e.what();
  EXPECT_TRUE(e.help.starts_with("what fits: seeds: 1 takes ")) << e.help;
  EXPECT_NE(e.help.find("tokens_per_param: [2] takes "), e.help.npos) << e.help;
  EXPECT_NE(e.help.find("sizes: 2 takes "), e.help.npos) << e.help;
  ASSERT_EQ(e.notes.size(), 3u);
  EXPECT_NE(e.notes[2].text.find(" a seed at tokens_per_param: 2 takes "), std::string::npos);
  const auto little = test::error_of([&] {
    plan(ladder(kPlain, str("seeds: 2\nbudget: {flops: ", int64_t(cost * 0.05), "}\n")));
  });
  EXPECT_TRUE(little.help.starts_with("what fits: seeds: 1 with ")) << little.help;
  const auto none = test::error_of([&] { plan(ladder(kPlain, "budget: {flops: 10}\n")); });
  EXPECT_NE(none.help.find("raise the budget"), none.help.npos) << none.help;
}

// What is offered as fitting does fit.
TEST_F(Ladder, WhatWouldFitFits) {
  const double cost = plan(ladder(kPlain)).flops();
  const std::string budget = str("budget: {flops: ", int64_t(cost * 0.6), "}\n");
  EXPECT_NO_THROW(plan(ladder(kPlain, "seeds: 1\n" + budget)));
  std::string shorter = kPlain;
  shorter.replace(shorter.find("[2, 4]"), 6, "[2]");
  EXPECT_NO_THROW(plan(ladder(shorter, "seeds: 2\n" + budget)));
}

TEST_F(Ladder, SizesThatCannotBeMetAreErrors) {
  EXPECT_EQ(errors(ladder("free: vars.dim, params: [500, 515], sizes: 2, tokens: 1k")),
            (std::vector<std::string>{
                "2:33: sizes of 500 and 515 parameters are met by one model of 'model' (dim 9)"}));
  const auto far = errors(ladder("free: vars.dim, params: [3, 500], sizes: 2, tokens: 1k"));
  ASSERT_EQ(far.size(), 1u);
  EXPECT_TRUE(far[0].starts_with("2:33: no vars.dim comes within 25 % of 3 parameters")) << far[0];
}

TEST_F(Ladder, ExpressionsThatFailAreToldAtTheirPlace) {
  const auto unknown =
      errors(ladder("free: vars.dim, params: [500, 4k], sizes: 2, tokens: 1k, follow: "
                    "{train.batch: size * 2}"));
  ASSERT_FALSE(unknown.empty());
  EXPECT_EQ(unknown[0], "2:88: unknown variable 'size'");
  const auto circle =
      errors(ladder("free: vars.dim, params: [500, 4k], sizes: 2, tokens: 1k, follow: "
                    "{train.batch: 2 * steps}"));
  ASSERT_FALSE(circle.empty());
  EXPECT_TRUE(circle[0].ends_with("changes the examples of a step, on which steps depend"));
  const auto grows =
      errors(ladder("free: vars.dim, params: [500, 4k], sizes: 2, tokens: 1k, follow: "
                    "{vars.depth: 2}"));
  ASSERT_FALSE(grows.empty());
  EXPECT_TRUE(grows[0].find("changes the size of the model") != std::string::npos) << grows[0];
}

TEST_F(Ladder, VariantsShareTheirData) {
  const auto other = errors(
      "base: model.yaml\nvariants: {a: {}, b: {data.markov_text.context: 8}}\n"
      "scale: {free: vars.dim, params: [500, 4k], sizes: 2, tokens: 1k}\n");
  ASSERT_EQ(other.size(), 1u);
  EXPECT_TRUE(other[0].starts_with("2:19: variant 'b' is trained on ")) << other[0];
}

TEST_F(Ladder, ItsRecordIsReadBack) {
  const LadderPlan p = plan(ladder(kPlain));
  const LadderRecord r = record_of(p, "cambium scale ladder.yaml");
  write_ladder(folder_.path(), r);
  EXPECT_EQ(read_ladder(folder_.path()), r);
  EXPECT_EQ(r.runs.size(), p.runs.size());
  EXPECT_NO_THROW(check_same_ladder(folder_.path(), r));
  const LadderPlan more = plan(ladder(kPlain, "seeds: 3\n"));
  EXPECT_NO_THROW(check_same_ladder(folder_.path(), record_of(more, "")));
  const LadderPlan other = plan(ladder(kPlain, "seeds: 2\nset: {train.optimizer.adamw.lr: 0.1}\n"));
  const auto e = test::error_of([&] { check_same_ladder(folder_.path(), record_of(other, "")); });
  EXPECT_NE(std::string(e.what()).find("was planned otherwise"), std::string::npos);
  replace_file(folder_.path("ladder.json"), "{\"name\": \"x\", \"points\": [{\"rung\": 4}]}");
  EXPECT_THROW(read_ladder(folder_.path()), UserError);
  EXPECT_FALSE(read_ladder(folder_.path("none")));
}

TEST_F(Ladder, ATiedTableIsTheHeads) {
  replace_file(folder_.path("model.yaml"),
               "vars: {dim: 8}\n"
               "data: {markov_text: {symbols: 6, order: 1, context: 16, train: 64, val: 16}}\n"
               "model: [{embed: $dim, name: tokens}, {positions: {kind: learned}}, {ffn: 2}, "
               "{linear: {tie: tokens}}]\n"
               "train: {batch: 8, steps: 10}\n");
  DataCache data;
  const Experiment e = data.open(load_spec(folder_.path("model.yaml")));
  const ParamCounts c = count_parameters(model_of(e, 1, true).graph);
  EXPECT_EQ(c.total - c.with_head, 16 * 8);  // places
  EXPECT_EQ(c.with_head - c.body, 6 * 8);    // the table, as the head
  EXPECT_EQ(c.body, 4 * 8 * 8 + 3 * 8);      // ffn
}

// Not at params:, which is where no size is met.
TEST_F(Ladder, MistakesOfFreeAndAspectStandWhereTheyAreMade) {
  const auto free = errors(ladder("free: vars.dimm, params: [500, 4k], sizes: 2, tokens: 1k"));
  ASSERT_EQ(free.size(), 1u);
  EXPECT_EQ(free[0].find("2:15: the spec has no variable 'dimm'"), 0u) << free[0];
  const auto aspect = errors(
      ladder("free: [vars.dim, vars.depth], aspect: {vars.depth: \"dim / 0\"}, params: [500, 4k], "
             "sizes: 2, tokens: 1k"));
  ASSERT_FALSE(aspect.empty());
  EXPECT_EQ(aspect[0].find("2:60: division by zero"), 0u) << aspect[0];
}
}  // namespace
}  // namespace cambium::ladder_plan_test
