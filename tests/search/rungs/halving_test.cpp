#include "search/rungs/halving.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/learning_curves.h"

namespace cambium::halving_test {
namespace {
using test::LearningCurves;

using Piece = std::pair<int64_t, int64_t>;

// Runs all with `workers` whose pieces really last as long as `seed` says.
std::vector<Piece> run(Halving& halving, const LearningCurves& curves, size_t workers,
                       uint64_t seed) {
  Random random(seed, stream_of("durations"));
  std::vector<std::pair<double, Piece>> running;
  std::vector<Piece> order;
  double now = 0;
  for (;;) {
    Halving::Next next{Halving::Next::kLater};
    if (running.size() < workers) next = halving.next();
    if (next.kind == Halving::Next::kFinished) return order;
    if (next.kind == Halving::Next::kPiece) {
      order.emplace_back(next.trial, next.rung);
      running.emplace_back(now + std::exp(random.normal()), order.back());
      continue;
    }
    const auto first = std::min_element(running.begin(), running.end());
    now = first->first;
    const auto [trial, rung] = first->second;
    halving.tell(trial, rung, curves.loss(trial, rung));
    running.erase(first);
  }
}

HalvingSettings settings(bool whole) {
  return {.keep = 0.25, .trials = 81, .lag = 8, .whole_rungs = whole};
}

TEST(Halving, ItsPiecesAreTheSameForAnyNumberOfWorkers) {
  const LearningCurves curves(81, {0.9, 0.97, 1}, 4);
  for (const bool whole : {false, true}) {
    Halving one(settings(whole));
    const std::vector<Piece> order = run(one, curves, 1, 0);
    for (const size_t workers : {2, 4, 8}) {
      Halving more(settings(whole));
      EXPECT_EQ(run(more, curves, workers, workers), order) << workers << " workers";
    }
  }
}

TEST(Halving, WholeRungsKeepExactlyTheBest) {
  const LearningCurves curves(27, {1, 1, 1}, 5);
  Halving halving({.keep = 1.0 / 3, .trials = 27, .lag = 4, .whole_rungs = true});
  std::vector<Piece> order = run(halving, curves, 3, 1);
  EXPECT_EQ(order.size(), 27u + 9 + 3);
  EXPECT_NEAR(halving.cost(), 27.0 / 9 + 9 * 2.0 / 9 + 3 * 2.0 / 3, 1e-9);
  EXPECT_EQ(halving.rung_of(curves.best()), 2);
  int64_t ends = 0;
  for (const Piece& p : order) ends += p.second == 2;
  EXPECT_EQ(ends, 3);
}

TEST(Halving, FailedTrialsNeverGoOn) {
  Halving halving({.keep = 0.5, .trials = 6, .lag = 2});
  int64_t pieces = 0;
  for (;; ++pieces) {
    const Halving::Next next = halving.next();
    if (next.kind == Halving::Next::kFinished) break;
    ASSERT_EQ(next.kind, Halving::Next::kPiece);
    halving.tell(next.trial, next.rung, std::nan(""));
  }
  EXPECT_EQ(pieces, 6);
}

TEST(Halving, LongTrialsDelayTheDecisionsThatNeedThem) {
  // Trial 0 lasts so long that all others have begun before it ends on the virtual clock.
  Halving halving(
      {.keep = 0.5, .trials = 5, .lag = 2, .cost = [](int64_t t) { return t == 0 ? 100.0 : 1.0; }});
  std::vector<Piece> order;
  for (Halving::Next next = halving.next(); next.kind == Halving::Next::kPiece && order.size() < 5;
       next = halving.next()) {
    order.emplace_back(next.trial, next.rung);
    if (next.trial != 0) halving.tell(next.trial, next.rung, double(next.trial));
  }
  EXPECT_EQ(order[0], (Piece{0, 0}));
  EXPECT_EQ(std::ranges::count(order, Piece(1, 1)), 1) << "1 is the better of 1 and 2";
}

TEST(Halving, RefusesRungsThatDoNotRiseToOne) {
  EXPECT_STREQ(test::error_of([] {
                 Halving({.rungs = {0.5, 0.3, 1}});
               }).what(),
               "rungs are shares of a training that rise to 1");
  EXPECT_STREQ(test::error_of([] { Halving({.keep = 1}); }).what(),
               "a rung keeps a share between 0 and 1, got 1");
}

// The first rung's results correlate .9 with the end.
TEST(Halving, TheBestOf81SurvivesAtAQuarterOfTheCost) {
  int64_t survived = 0;
  double cost = 0;
  const int64_t repeats = 400;
  for (int64_t k = 0; k < repeats; ++k) {
    const LearningCurves curves(81, {0.9, 0.97, 1}, 100 + uint64_t(k));
    Halving halving(settings(false));
    run(halving, curves, 8, uint64_t(k));
    survived += halving.rung_of(curves.best()) == 2;
    cost += halving.cost() / 81 / double(repeats);
  }
  EXPECT_GE(double(survived) / double(repeats), 0.95);
  EXPECT_LE(cost, 0.25);
}
}  // namespace
}  // namespace cambium::halving_test
