#include "search/rungs/support/rungs.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "search/rungs/support/agreement.h"
#include "search/rungs/support/rung_method.h"
#include "tests/support/expect_error.h"
#include "tests/support/halving.h"
#include "tests/support/learning_curves.h"

namespace cambium::rungs_test {
namespace {
using test::LearningCurves;

using Piece = std::pair<int64_t, int64_t>;

RungPlan plan_of(std::string_view method, int64_t trials, double keep = 1.0 / 3) {
  const RungMethod& m = find_rung_method(method, {});
  return m.plan(m.attrs.parse(std::vector<Arg>{{"keep", keep}}, nullptr), trials);
}

// Runs all with `workers` whose pieces really last as long as `seed` says.
std::vector<Piece> run(Rungs& rungs, const LearningCurves& curves, size_t workers, uint64_t seed) {
  Random random(seed, stream_of("durations"));
  std::vector<std::pair<double, Piece>> running;
  std::vector<Piece> order;
  double now = 0;
  for (;;) {
    Rungs::Next next{Rungs::Next::kLater};
    if (running.size() < workers) next = rungs.next();
    if (next.kind == Rungs::Next::kFinished) return order;
    if (next.kind == Rungs::Next::kPiece) {
      order.emplace_back(next.trial, next.rung);
      running.emplace_back(now + std::exp(random.normal()), order.back());
      continue;
    }
    const auto first = std::min_element(running.begin(), running.end());
    now = first->first;
    const auto [trial, rung] = first->second;
    rungs.tell(trial, rung, curves.loss(trial, rung));
    running.erase(first);
  }
}

class RungMethods : public ::testing::TestWithParam<const RungMethod*> {};

TEST_P(RungMethods, PiecesAreTheSameForAnyNumberOfWorkers) {
  const LearningCurves curves(81, {0.9, 0.97, 1}, 4);
  const RungPlan plan = plan_of(GetParam()->name, 81, 0.25);
  Rungs one(plan);
  const std::vector<Piece> order = run(one, curves, 1, 0);
  for (const size_t workers : {2, 4, 8}) {
    Rungs more(plan);
    EXPECT_EQ(run(more, curves, workers, workers), order) << workers << " workers";
  }
}

TEST_P(RungMethods, AllTrialsBeginAndPiecesFollowOneAnother) {
  const LearningCurves curves(50, {0.9, 0.97, 1}, 4);
  const RungPlan plan = plan_of(GetParam()->name, 50);
  EXPECT_EQ(plan.trials(), 50);
  Rungs rungs(plan, {.lag = 5});
  const std::vector<Piece> order = run(rungs, curves, 3, 1);
  EXPECT_EQ(rungs.trials(), 50);
  std::vector<int64_t> at(50, -1);
  double cost = 0;
  int64_t begun = 0;
  for (const auto& [trial, rung] : order) {
    const int64_t first = plan.brackets[size_t(rungs.bracket_of(trial))].first;
    if (at[size_t(trial)] < 0) {
      EXPECT_EQ(trial, begun++);
      EXPECT_EQ(rung, first);
      cost += plan.shares[size_t(rung)];
    } else {
      EXPECT_EQ(rung, at[size_t(trial)] + 1);
      cost += plan.shares[size_t(rung)] - plan.shares[size_t(rung) - 1];
    }
    at[size_t(trial)] = rung;
  }
  EXPECT_NEAR(rungs.cost(), cost, 1e-9);
}

TEST_P(RungMethods, FailedTrialsNeverGoOn) {
  Rungs rungs(plan_of(GetParam()->name, 12), {.lag = 2});
  int64_t pieces = 0;
  for (;; ++pieces) {
    const Rungs::Next next = rungs.next();
    if (next.kind == Rungs::Next::kFinished) break;
    ASSERT_EQ(next.kind, Rungs::Next::kPiece);
    rungs.tell(next.trial, next.rung, std::nan(""));
  }
  EXPECT_EQ(pieces, 12);
}

INSTANTIATE_TEST_SUITE_P(All, RungMethods,
                         ::testing::ValuesIn(std::vector<const RungMethod*>(
                             builtin_rung_methods().begin(), builtin_rung_methods().end())),
                         [](const auto& info) { return std::string(info.param->name); });

TEST(Halving, WholeRungsKeepExactlyTheBest) {
  const LearningCurves curves(27, {1, 1, 1}, 5);
  Rungs rungs(plan_of("halving", 27), {.lag = 4});
  const std::vector<Piece> order = run(rungs, curves, 3, 1);
  EXPECT_EQ(order.size(), 27u + 9 + 3);
  EXPECT_NEAR(rungs.cost(), 27.0 / 9 + 9 * 2.0 / 9 + 3 * 2.0 / 3, 1e-9);
  EXPECT_EQ(rungs.rung_of(curves.best()), 2);
  int64_t ends = 0;
  for (const Piece& p : order) ends += p.second == 2;
  EXPECT_EQ(ends, 3);
}

TEST(Halving, OfSettingsIsThatOfTheMethod) {
  const LearningCurves curves(27, {0.9, 0.95, 1}, 5);
  Rungs method(plan_of("halving", 27), {.lag = 4});
  Halving settings({.keep = 1.0 / 3, .trials = 27, .lag = 4, .whole_rungs = true});
  EXPECT_EQ(run(settings, curves, 3, 1), run(method, curves, 3, 1));
  EXPECT_STREQ(test::error_of<InternalError>([] {
                 Halving({.rungs = {0.5, 0.3, 1}});
               }).what(),
               "rungs do not rise to 1");
  EXPECT_STREQ(test::error_of<InternalError>([] { Halving({.keep = 1}); }).what(),
               "rungs that keep 1, with 8 workers");
}

// Li et al. 2018, table 1: R = 81, eta = 3. n_i trials at r_i of 81.
TEST(Hyperband, BracketsAreThoseOfThePaper) {
  const RungMethod& m = find_rung_method("hyperband", {});
  const RungPlan plan =
      m.plan(m.attrs.parse(std::vector<Arg>{{"levels", 5}}, nullptr), 81 + 34 + 15 + 8 + 5);
  std::vector<int64_t> trials;
  for (const Bracket& b : plan.brackets) trials.push_back(b.trials);
  EXPECT_EQ(trials, (std::vector<int64_t>{81, 34, 15, 8, 5}));
  Rungs rungs(plan, {.lag = 6});
  const LearningCurves curves(plan.trials(), {0.8, 0.9, 0.95, 0.99, 1}, 1);
  std::vector<std::vector<int64_t>> counts(5, std::vector<int64_t>(5));
  for (const auto& [trial, rung] : run(rungs, curves, 6, 2))
    ++counts[size_t(rungs.bracket_of(trial))][size_t(rung)];
  EXPECT_EQ(counts[0], (std::vector<int64_t>{81, 27, 9, 3, 1}));
  EXPECT_EQ(counts[1], (std::vector<int64_t>{0, 34, 11, 3, 1}));
  EXPECT_EQ(counts[2], (std::vector<int64_t>{0, 0, 15, 5, 1}));
  EXPECT_EQ(counts[3], (std::vector<int64_t>{0, 0, 0, 8, 2}));
  EXPECT_EQ(counts[4], (std::vector<int64_t>{0, 0, 0, 0, 5}));
}

TEST(Hyperband, BeginsAgainAndEndsWhereTrialsDo) {
  const RungPlan plan = plan_of("hyperband", 9 + 5 + 3 + 9 + 2);
  std::vector<Piece> brackets;
  for (const Bracket& b : plan.brackets) brackets.emplace_back(b.first, b.trials);
  EXPECT_EQ(brackets, (std::vector<Piece>{{0, 9}, {1, 5}, {2, 3}, {0, 9}, {1, 2}}));
}

TEST(Rungs, LongTrialsDelayTheDecisionsThatNeedThem) {
  // Trial 0 lasts so long that all others have begun before it ends on the virtual clock.
  Rungs rungs(plan_of("asha", 5, 0.5),
              {.lag = 2, .cost = [](int64_t t) { return t == 0 ? 100.0 : 1.0; }});
  std::vector<Piece> order;
  for (Rungs::Next next = rungs.next(); next.kind == Rungs::Next::kPiece && order.size() < 5;
       next = rungs.next()) {
    order.emplace_back(next.trial, next.rung);
    if (next.trial != 0) rungs.tell(next.trial, next.rung, double(next.trial));
  }
  EXPECT_EQ(order[0], (Piece{0, 0}));
  EXPECT_EQ(std::ranges::count(order, Piece(1, 1)), 1) << "1 is the better of 1 and 2";
}

TEST(Rungs, StandAtStepsOfTheirShare) {
  EXPECT_EQ(step_at(1.0 / 9, 900), 100);
  EXPECT_EQ(step_at(1.0 / 3, 1000), 333);
  EXPECT_EQ(step_at(1, 1000), 1000);
  EXPECT_EQ(step_at(1.0 / 9, 3), 1);
}

// The first rung's results correlate .9 with the end.
TEST(Asha, TheBestOf81SurvivesAtAQuarterOfTheCost) {
  int64_t survived = 0;
  double cost = 0;
  const int64_t repeats = 400;
  for (int64_t k = 0; k < repeats; ++k) {
    const LearningCurves curves(81, {0.9, 0.97, 1}, 100 + uint64_t(k));
    Rungs rungs(plan_of("asha", 81, 0.25));
    run(rungs, curves, 8, uint64_t(k));
    survived += rungs.rung_of(curves.best()) == 2;
    cost += rungs.cost() / 81 / double(repeats);
  }
  EXPECT_GE(double(survived) / double(repeats), 0.95);
  EXPECT_LE(cost, 0.25);
}

TEST(RungAgreement, IsKendallsTauOfThoseToldAtBoth) {
  RungPlan plan = plan_of("halving", 9, 0.9);
  Rungs rungs(plan, {.lag = 3});
  std::vector<double> first, second, last;
  for (Rungs::Next n = rungs.next(); n.kind == Rungs::Next::kPiece; n = rungs.next()) {
    const double losses[] = {double(n.trial), double(n.trial * 4 % 9), double(-n.trial)};
    rungs.tell(n.trial, n.rung, n.trial == 3 && n.rung == 2 ? NAN : losses[n.rung]);
    if (n.rung != 2 || n.trial == 3) continue;
    first.push_back(losses[0]);
    second.push_back(losses[1]);
    last.push_back(losses[2]);
  }
  const std::vector<RungAgreement> found = rung_agreement(rungs);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].share, plan.shares[0]);
  EXPECT_EQ(found[0].tau->tau, -1);
  EXPECT_EQ(found[0].tau->n, int64_t(last.size()));
  EXPECT_EQ(found[1].tau->tau, *kendall_tau(second, last));
  EXPECT_EQ(found[1].tau->interval, kendall_tau_interval(second, last)->interval);
}

class ReadRungs : public ::testing::Test {
 protected:
  RungChoice read(const std::string& value) {
    root_ = parse_yaml("rungs: " + value, "s.yaml");
    errors_ = {};
    Vars vars;
    vars.set("quarter", ArgValue(0.25));
    return read_rung_choice(*root_.find("rungs"), vars, errors_);
  }

  std::string error_in(const std::string& value) {
    read(value);
    if (errors_.errors().size() != 1) return str(errors_.errors().size(), " errors");
    const UserError& e = errors_.errors()[0];
    return test::text_of(e) + (e.help.empty() ? "" : " | " + e.help);
  }

  Yaml root_;
  Diagnostics errors_;
};

TEST_F(ReadRungs, NamesMethodsAndOptions) {
  const RungChoice asha = read("asha");
  EXPECT_EQ(asha.method->name, "asha");
  EXPECT_EQ(asha.options.as<RungOptions>().keep, 1.0 / 3);
  const RungChoice hyperband = read("{hyperband: {levels: 4, keep: $quarter}}");
  EXPECT_EQ(hyperband.method->name, "hyperband");
  EXPECT_EQ(hyperband.options.as<RungOptions>().keep, 0.25);
  EXPECT_EQ(hyperband.method->plan(hyperband.options, 1).shares,
            (std::vector<double>{1.0 / 64, 1.0 / 16, 0.25, 1}));
  const RungChoice halving = read("{keep: 1/4}");
  EXPECT_EQ(halving.method->name, "halving");
  EXPECT_EQ(halving.options.as<RungOptions>().keep, 0.25);
  EXPECT_EQ(read("{halving: }").method->name, "halving");
  EXPECT_TRUE(errors_.empty());
}

TEST_F(ReadRungs, ErrorsHavePlacesAndCures) {
  EXPECT_EQ(error_in("hyperbnad"),
            "1:8: unknown method of rungs 'hyperbnad' | did you mean 'hyperband'?");
  EXPECT_EQ(error_in("{hyperbnad: {keep: 1/3}}"),
            "1:9: unknown method of rungs 'hyperbnad' | did you mean 'hyperband'?");
  EXPECT_EQ(error_in("{asha: {kep: 1/3}}"), "1:16: unknown key 'kep' | did you mean 'keep'?");
  EXPECT_EQ(error_in("{asha: 3}"), "1:15: options of asha are a map | as {keep: 1/3}");
  EXPECT_EQ(error_in("{asha: {keep: 1/0}}"), "1:22: 'keep' takes a number, got text 1/0");
  EXPECT_EQ(error_in("{asha: {keep: 3}}"), "1:22: 'keep' must be between 0.01 and 0.9, got 3");
  EXPECT_EQ(error_in("{levels: 1}"), "1:17: 'levels' must be between 2 and 8, got 1");
  EXPECT_EQ(error_in("[asha]"),
            "1:8: rungs: takes a method's name, {name: {option: value}} or the options of halving "
            "| as {keep: 1/3}");
}
}  // namespace
}  // namespace cambium::rungs_test
