// What a ladder's runs are taken to say, from run folders that hold known losses.
#include "search/ladder/ladder_answer.h"

#include <cmath>

#include "core/rng.h"
#include "core/text/json.h"
#include "search/ladder/own_loss.h"
#include "tests/search/ladder/support.h"
#include "train/record/run_record.h"

namespace cambium::ladder_answer_test {
namespace {
constexpr const char* kScale =
    "free: [vars.dim, vars.depth], aspect: {vars.depth: \"max(1, round(dim / 16))\"}, "
    "params: [500, 40k], sizes: 5, tokens_per_param: [2, 4, 8], hold_out: largest";

class LadderRuns : public test::LadderFiles {
 protected:
  static double true_loss(double n, double d) {
    return 1.2 + 9 / std::pow(n, 0.4) + 30 / std::pow(d, 0.45);
  }

  // Writes what a trainer would: the loss at the end, and a lower one on the way.
  void finish(const LadderPlan& p, size_t i, double loss) {
    const LadderRun& run = p.runs[i];
    const LadderPoint& point = p.points[run.point];
    RunRecord r;
    r.seed = run.seed;
    r.status = "done";
    r.steps = point.planned.steps;
    r.final = RunScores{point.planned.steps, 100, {{"val.loss", loss}}};
    r.best = RunScores{1, 100, {{"val.loss", 0.9 * loss}}};
    make_folders(folder_.path(run.folder));
    replace_file(folder_.path(run.folder) + "/run.json", to_text(to_json(r)));
  }

  void finish_all(const LadderPlan& p, double noise) {
    Random random(1);
    for (size_t i = 0; i < p.runs.size(); ++i) {
      const LadderPoint& point = p.points[p.runs[i].point];
      const double n = double(p.rung_of(point).params.total);
      finish(p, i, true_loss(n, point.tokens) * std::exp(noise * random.normal()));
    }
  }
};

TEST_F(LadderRuns, FindTheLawAndForetellTheLargest) {
  const LadderPlan p = plan(ladder(kScale));
  finish_all(p, 1e-3);
  const LadderAnswer a = answer_ladder(p, folder_.path());
  ASSERT_TRUE(a.laws) << a.no_law;
  ASSERT_EQ(a.laws->groups.size(), 1u);
  const GroupAnswer& g = a.laws->groups[0];
  ASSERT_FALSE(g.failure) << g.failure->what();
  EXPECT_EQ(g.fit.kind, FitObjective::kSquares);
  EXPECT_EQ(g.fit.runs.size(), 24u);
  ASSERT_EQ(g.held_out.size(), 3u);
  for (const HeldOut& h : g.held_out) {
    EXPECT_NEAR(h.error(), 0, 0.01);
    EXPECT_NEAR(h.measured, true_loss(h.at.x[kParams], h.at.x[kTokens]), 0.004 * h.measured);
    EXPECT_EQ(h.runs, 2u);
  }
  EXPECT_TRUE(a.not_held_out.empty());
}

// The exponents under each convention, against the law found with parameters so counted.
TEST_F(LadderRuns, ExponentsStandSideBySide) {
  const LadderPlan p = plan(ladder(kScale));
  finish_all(p, 1e-3);
  const LadderAnswer a = answer_ladder(p, folder_.path());
  ASSERT_TRUE(a.laws);
  const std::vector<CountedExponents>& ways = a.laws->groups[0].exponents;
  ASSERT_EQ(ways.size(), 3u);
  ASSERT_TRUE(ways[0].of_params) << ways[0].none;
  EXPECT_NEAR(ways[0].of_params->value, 0.4, 0.05);
  EXPECT_NEAR(ways[0].of_tokens->value, 0.45, 0.05);
  for (const CountedExponents& c : ways) {
    ASSERT_TRUE(c.of_params) << c.none;
    const double x = c.params->value, y = c.tokens->value;
    EXPECT_NEAR(x, c.of_tokens->value / (c.of_params->value + c.power * c.of_tokens->value), 1e-12);
    EXPECT_NEAR(y + c.power * x, 1, 1e-12);  // C ~ D N^power
    EXPECT_LE(c.params->interval.low, x);
    EXPECT_GE(c.params->interval.high, x);
  }
  // Embeddings are a smaller share of a larger model: the body grows faster than all.
  EXPECT_EQ(ways[2].counted, "params_body");
  EXPECT_LT(ways[2].power, ways[0].power);
}

// What the chain loses on the validation data itself is told beside E, which here is none of it.
TEST_F(LadderRuns, TheDatasOwnLossStandsBesideTheFloor) {
  const LadderPlan p = plan(ladder(kScale));
  ASSERT_TRUE(p.own_loss);
  EXPECT_EQ(p.own_loss->name, "the chain itself on val");
  finish_all(p, 1e-3);
  const LadderAnswer a = answer_ladder(p, folder_.path());
  ASSERT_TRUE(a.laws);
  const std::vector<FoundFloor> floors = floors_beside(p, *a.laws);
  ASSERT_EQ(floors.size(), 1u);
  EXPECT_TRUE(floors[0].holds(1.2));
  EXPECT_FALSE(floors[0].holds(1.5));
  EXPECT_LT(floors[0].half_width(), 0.2);
  const LadderPlan plain =
      plan(ladder("free: vars.dim, params: [500, 20k], sizes: 6, tokens: 20k, law: params_power"));
  finish_all(plain, 1e-3);
  const LadderAnswer none = answer_ladder(plain, folder_.path());
  ASSERT_TRUE(none.laws) << none.no_law;
  EXPECT_TRUE(floors_beside(plain, *none.laws).empty());
}

TEST_F(LadderRuns, PointsAreWhatScaleReads) {
  const LadderPlan p = plan(ladder(kScale));
  finish_all(p, 1e-3);
  const LadderAnswer a = answer_ladder(p, folder_.path());
  const PointTable t = parse_points(a.points, "points.csv", {});
  ASSERT_EQ(t.points.size(), p.runs.size());
  for (size_t i = 0; i < t.points.size(); ++i) {
    const LadderPoint& point = p.points[p.runs[i].point];
    EXPECT_EQ(t.points[i].at.x[kParams], double(p.rung_of(point).params.total));
    EXPECT_EQ(t.points[i].at.x[kTokens], point.tokens);
    EXPECT_EQ(t.points[i].at.x[kFlops], point.flops());
    EXPECT_EQ(t.points[i].unique, double(p.unique_tokens));
    EXPECT_EQ(t.points[i].group, "model");
  }
}

TEST_F(LadderRuns, WhatIsNotDoneIsSaid) {
  const LadderPlan p = plan(ladder(kScale));
  const LadderAnswer none = answer_ladder(p, folder_.path());
  EXPECT_FALSE(none.laws);
  EXPECT_EQ(none.no_law, "no run is done");
  EXPECT_EQ(none.outcomes.waiting, p.runs.size());
  finish_all(p, 1e-3);
  const LadderRun& last = p.runs.back();
  RunRecord failed;
  failed.seed = last.seed;
  failed.status = "failed";
  failed.error = "the loss is not finite";
  replace_file(folder_.path(last.folder) + "/run.json", to_text(to_json(failed)));
  finish(p, 0, 0);  // no logarithm
  const LadderAnswer a = answer_ladder(p, folder_.path());
  EXPECT_EQ(a.outcomes.done.size(), p.runs.size() - 2);
  ASSERT_EQ(a.outcomes.failed.size(), 2u);
  EXPECT_EQ(a.outcomes.failed[1], last.folder + ": the loss is not finite");
  EXPECT_EQ(a.not_held_out, "the largest size is not held out yet: 1 of its runs is not done");
  ASSERT_TRUE(a.laws);
  EXPECT_TRUE(a.laws->groups[0].held_out.empty());
}

// A run that was stopped, or whose folder holds a shorter one, has no final loss yet.
TEST_F(LadderRuns, OnlyWholeRunsCount) {
  const LadderPlan p = plan(ladder(kScale));
  finish(p, 0, 2);
  finish(p, 1, 2);
  const std::string path = folder_.path(p.runs[1].folder) + "/run.json";
  RunRecord r = *read_run_record(folder_.path(p.runs[1].folder));
  --r.steps;
  replace_file(path, to_text(to_json(r)));
  EXPECT_EQ(ladder_outcomes(p, folder_.path()).done.size(), 1u);
  replace_file(path, "{");
  EXPECT_THROW(ladder_outcomes(p, folder_.path()), UserError);
}

TEST_F(LadderRuns, OneLengthGivesALawOfSizeAlone) {
  const LadderPlan p = plan(ladder("free: vars.dim, params: [500, 20k], sizes: 6, tokens: 20k"));
  finish_all(p, 1e-4);
  const LadderAnswer a = answer_ladder(p, folder_.path());
  ASSERT_TRUE(a.laws) << a.no_law;
  EXPECT_EQ(a.laws->law->name, "params");
  EXPECT_TRUE(a.laws->groups[0].exponents.empty());
  EXPECT_NEAR(a.laws->groups[0].fit.at(2), 0.4, 0.05);
}

// Three variants whose laws differ by their amplitude, and a task that ranks them so, or otherwise.
TEST_F(LadderRuns, ASmallTaskIsRankedBesideTheLaws) {
  const auto study = [&](double a, double b, double c) {
    make_folders(folder_.path("small"));
    replace_file(folder_.path("small/study.json"),
                 "{\"name\": \"small\", \"metric\": {\"name\": \"val.accuracy\", \"selection\": "
                 "\"val.accuracy\", \"goal\": \"max\"}, \"seeds\": [0], \"variants\": "
                 "[{\"name\": \"a\"}, {\"name\": \"b\"}, {\"name\": \"c\"}]}");
    std::string rows;
    for (const auto& [name, mean] : {std::pair("a", a), std::pair("b", b), std::pair("c", c)})
      rows += str(rows.empty() ? "" : ", ", "{\"variant\": \"", name,
                  "\", \"n\": 1, \"mean\": ", mean, "}");
    replace_file(folder_.path("small/summary.json"),
                 str("{\"metric\": \"val.accuracy\", \"rows\": [", rows, "]}"));
  };
  const std::string text = str("base: model.yaml\nvariants: {a: {}, b: {}, c: {}}\nscale: {",
                               kScale, ", small_task: small}\nseeds: 2\n");
  const auto missing = errors(text);
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_NE(missing[0].find("/small' holds no study"), std::string::npos) << missing[0];
  study(0.9, 0.8, 0.7);
  const LadderPlan p = plan(text);
  Random random(1);
  for (size_t i = 0; i < p.runs.size(); ++i) {
    const LadderPoint& point = p.points[p.runs[i].point];
    const LadderRung& rung = p.rung_of(point);
    const double worse = 1 + 0.05 * (rung.variant[0] - 'a');
    finish(p, i,
           worse * true_loss(double(rung.params.total), point.tokens) *
               std::exp(1e-3 * random.normal()));
  }
  const LadderAnswer same = answer_ladder(p, folder_.path());
  ASSERT_TRUE(same.ranking && same.ranking->tau);
  EXPECT_EQ(same.ranking->variants.size(), 3u);
  EXPECT_EQ(same.ranking->tau->tau, 1);
  EXPECT_LT(same.ranking->variants[0].loss, same.ranking->variants[1].loss);
  study(0.7, 0.8, 0.9);
  EXPECT_EQ(answer_ladder(plan(text), folder_.path()).ranking->tau->tau, -1);
}

// Losses that follow nothing give no law, and files all the same.
TEST_F(LadderRuns, NoLawIsASentence) {
  const LadderPlan p = plan(ladder(kScale));
  Random random(2);
  for (size_t i = 0; i < p.runs.size(); ++i) finish(p, i, 2 + 0.1 * random.uniform());
  const LadderAnswer a = answer_ladder(p, folder_.path());
  EXPECT_FALSE(a.laws);
  EXPECT_FALSE(a.no_law.empty());
  EXPECT_GT(a.points.size(), 100u);
}
}  // namespace
}  // namespace cambium::ladder_answer_test
