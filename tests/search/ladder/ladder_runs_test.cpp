// Ladders that are trained, of the tiniest kind: whole, and stopped and gone on with.
#include "search/ladder/ladder_runs.h"

#include "core/text/json.h"
#include "search/ladder/ladder_answer.h"
#include "search/ladder/ladder_folder.h"
#include "tests/search/ladder/support.h"
#include "tests/support/one_thread.h"
#include "train/record/run_record.h"

namespace cambium::ladder_runs_test {
namespace {
constexpr const char* kScale =
    "free: vars.dim, params: [200, 600], sizes: 2, tokens_per_param: [2, 4]";

class TrainedLadder : public test::LadderFiles {
 protected:
  LadderSettings here(const std::string& out) {
    return {.folder = folder_.path(out), .command = "cambium scale ladder.yaml", .program = ""};
  }

  std::string numbers(const LadderPlan& p, const std::string& out) {
    std::string text;
    for (const LadderRun& run : p.runs)
      text += str(run.folder, "\n",
                  numbers_text(read_run_record(folder_.path(out + "/" + run.folder)).value()));
    return text;
  }

  const test::OneThread one_;
};

TEST_F(TrainedLadder, EndsWithAPointForEachRun) {
  const LadderPlan p = plan(ladder(kScale));
  ListProgress last;
  size_t ended = 0;
  EXPECT_FALSE(train_ladder(p, here("out"), [&](const ListProgress& now) {
    ended += now.ended != nullptr;
    last = now;
  }));
  EXPECT_EQ(ended, p.runs.size());
  const LadderOutcomes o = ladder_outcomes(p, folder_.path("out"));
  ASSERT_EQ(o.done.size(), p.runs.size());
  EXPECT_EQ(o.waiting, 0u);
  for (const LadderOutcome& one : o.done) {
    const RunRecord r = read_run_record(folder_.path("out/" + p.runs[one.run].folder)).value();
    EXPECT_EQ(one.loss, *r.final->find("val.loss"));
    EXPECT_EQ(r.steps, p.points[p.runs[one.run].point].planned.steps);
    EXPECT_DOUBLE_EQ(r.flops, p.points[p.runs[one.run].point].flops());
  }
  EXPECT_EQ(read_ladder(folder_.path("out"))->command, "cambium scale ladder.yaml");
}

TEST_F(TrainedLadder, StoppedItGoesOnToTheSameNumbers) {
  const LadderPlan p = plan(ladder(kScale));
  EXPECT_FALSE(train_ladder(p, here("whole"), {}));
  LadderSettings stopping = here("out");
  int asked = 0;
  stopping.stop = [&] { return ++asked > 12; };
  EXPECT_TRUE(train_ladder(p, stopping, {}));
  EXPECT_LT(ladder_outcomes(p, folder_.path("out")).done.size(), p.runs.size());
  EXPECT_FALSE(train_ladder(p, here("out"), {}));
  EXPECT_EQ(numbers(p, "out"), numbers(p, "whole"));
}

TEST_F(TrainedLadder, MoreSeedsGoIntoTheSameFolderAndAnotherLadderDoesNot) {
  const LadderPlan one = plan(ladder(kScale, "seeds: 1\n"));
  EXPECT_FALSE(train_ladder(one, here("out"), {}));
  const std::string before = numbers(one, "out");
  const LadderPlan two = plan(ladder(kScale));
  EXPECT_FALSE(train_ladder(two, here("out"), {}));
  EXPECT_EQ(ladder_outcomes(two, folder_.path("out")).done.size(), two.runs.size());
  EXPECT_EQ(numbers(one, "out"), before);
  const LadderPlan other = plan(ladder(kScale, "set: {train.optimizer.adamw.lr: 0.1}\n"));
  EXPECT_THROW(train_ladder(other, here("out"), {}), UserError);
}

// A rate that makes NaN: a result with its reason.
TEST_F(TrainedLadder, ARunThatFailsIsTold) {
  const LadderPlan p =
      plan(ladder(kScale, "seeds: 1\nset: {train.optimizer: {sgd: {lr: 1e30}}}\n"));
  EXPECT_FALSE(train_ladder(p, here("out"), {}));
  const LadderAnswer a = answer_ladder(p, folder_.path("out"));
  EXPECT_EQ(a.outcomes.failed.size(), p.runs.size());
  EXPECT_EQ(a.no_law, "no run is done");
}
}  // namespace
}  // namespace cambium::ladder_runs_test
