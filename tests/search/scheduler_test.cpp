// The scheduler by itself: how many runs go side by side, what a source may answer, how runs end.
#include "search/runs/scheduler.h"

#include <algorithm>
#include <filesystem>

#include "core/system/files.h"
#include "core/text/json.h"
#include "tests/support/best_goes_on.h"
#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"

namespace cambium::scheduler_test {
namespace {
TEST(SchedulerInTurn, TheBestOfThreeGoesOnToTheLongerRunsBits) {
  const test::TempFolder folder;
  const test::OneThread one_thread;
  test::BestGoesOn source(folder, 20);
  EXPECT_FALSE(execute_runs(source, {.program = "", .stop = {}, .metric = "val.loss"}));
  source.expect_the_longer_run();
}

TEST(SchedulerInTurn, StopsAndGoesOn) {
  const test::TempFolder folder;
  const test::OneThread one_thread;
  int asked = 0;
  test::BestGoesOn first(folder, 20);
  const SchedulerSettings stopping{
      .program = "", .stop = [&] { return ++asked > 30; }, .metric = "val.loss"};
  EXPECT_TRUE(execute_runs(first, stopping));
  ASSERT_FALSE(first.ended.empty());
  EXPECT_EQ(first.ended.back().status.phase, RunPhase::kStopped);
  test::BestGoesOn second(folder, 20);
  EXPECT_FALSE(execute_runs(second, {.program = "", .stop = {}, .metric = "val.loss"}));
  second.expect_the_longer_run();
}

// Programs that write what a trainer would and take no time for it.
class Scheduler : public ::testing::Test, public RunSource {
 protected:
  // `body` has the run's folder as $4 and ends a run.
  SchedulerSettings with(const std::string& body, int64_t jobs) {
    const std::string path = folder_.path("trainer");
    replace_file(path, "#!/bin/sh\n" + body + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return {.program = path, .jobs = jobs, .memory_bytes = 100, .stop = stop_, .metric = ""};
  }

  NextRun next() override {
    if (size_t(asked_) == needs_.size()) return {};
    const int64_t id = asked_++;
    return {NextRun::kRun,
            {.id = id,
             .folder = folder_.path(str("run", id)),
             .spec = {"s", parse_yaml("model: []", "s")},
             .steps = 4,
             .needed_bytes = needs_[size_t(id)]}};
  }

  void on_progress(std::span<const RunUpdate> running) override {
    most_ = std::max(most_, running.size());
    for (const RunUpdate& a : running)
      for (const RunUpdate& b : running)
        if (a.id < b.id) pairs_.emplace_back(a.id, b.id);
  }

  void on_end(const RunUpdate& run) override { ended_.push_back(run); }

  bool were_together(int64_t a, int64_t b) const {
    return std::ranges::count(pairs_, std::pair(a, b)) > 0;
  }

  const test::TempFolder folder_;
  std::vector<int64_t> needs_;  // of each run, bytes
  std::function<bool()> stop_;
  int64_t asked_ = 0;
  size_t most_ = 0;
  std::vector<std::pair<int64_t, int64_t>> pairs_;
  std::vector<RunUpdate> ended_;
};

const char* const kDone = "sleep 0.3; echo '{\"status\": \"done\", \"steps\": 4}' > $4/run.json";

TEST_F(Scheduler, AsManyGoSideBySideAsAreAskedFor) {
  needs_ = {1, 1, 1, 1, 1};
  EXPECT_FALSE(execute_runs(*this, with(kDone, 2)));
  EXPECT_EQ(most_, 2u);
  ASSERT_EQ(ended_.size(), 5u);
  for (const RunUpdate& r : ended_) EXPECT_EQ(r.status.phase, RunPhase::kDone) << r.status.error;
  const Json company = load_json(folder_.path("run0/company.json"));
  EXPECT_EQ(company["jobs"], 2);
  EXPECT_EQ(company["until"], -1);
  EXPECT_GE(load_json(folder_.path("run4/company.json"))["until"], 0) << "it ended alone";
}

// 60 and 60 of 100 bytes are too much, 60 and 40 are not; one of 500 goes alone.
TEST_F(Scheduler, AsManyGoSideBySideAsMemoryHolds) {
  needs_ = {60, 60, 40, 500};
  EXPECT_FALSE(execute_runs(*this, with(kDone, 4)));
  EXPECT_EQ(ended_.size(), 4u);
  EXPECT_TRUE(were_together(1, 2));
  EXPECT_FALSE(were_together(0, 1));
  EXPECT_EQ(most_, 2u);
  EXPECT_EQ(ended_.back().id, 3);
}

TEST_F(Scheduler, ARunWhoseProcessDiesIsToldOfWithItsCode) {
  needs_ = {1, 1};
  EXPECT_FALSE(execute_runs(*this, with("kill -9 $$", 2)));
  ASSERT_EQ(ended_.size(), 2u);
  EXPECT_EQ(ended_[0].status.phase, RunPhase::kFailed);
  EXPECT_NE(ended_[0].status.error.find("ended with code 137; see "), std::string::npos);
}

// What an earlier, shorter run left there does not count as the end of the longer one.
TEST_F(Scheduler, AStopBeforeALongerRunBeganIsNoEnd) {
  needs_ = {1};
  make_folders(folder_.path("run0"));
  replace_file(folder_.path("run0/run.json"), R"({"status": "done", "steps": 2})");
  execute_runs(*this, with("exit 130", 2));
  ASSERT_EQ(ended_.size(), 1u);
  EXPECT_EQ(ended_[0].status.phase, RunPhase::kStopped);
}

// A model that does not train has failed for good; a disk without room is nothing that a run did.
TEST_F(Scheduler, WhatTheDiskEndsIsToldFromWhatAModelDoes) {
  const std::string failed = R"(echo '{"status": "failed", "error": "e"%}' > $4/run.json; exit 2)";
  const auto outside = [&](std::string body) {
    if (const size_t at = body.find('%'); at != body.npos)
      body.replace(at, 1, body.back() == '2' ? "" : R"(, "cause": "disk")");
    needs_ = {1};
    asked_ = 0;
    ended_.clear();
    std::filesystem::remove_all(folder_.path("run0"));
    execute_runs(*this, with(body, 2));
    EXPECT_EQ(ended_.at(0).status.phase, RunPhase::kFailed);
    return ended_.at(0).status.from_outside;
  };
  EXPECT_FALSE(outside(failed));
  EXPECT_TRUE(outside(failed + " #"));
  EXPECT_TRUE(outside("exit 2")) << "it could not even write that it failed";
  EXPECT_FALSE(outside("exit 1"));
  EXPECT_FALSE(outside("exit 3"));
  EXPECT_FALSE(outside("kill -9 $$"));
}

// Told before it had written a word: nothing of it has failed, and nothing an earlier session says.
TEST_F(Scheduler, AStopBeforeAnythingWasWrittenIsNoFailure) {
  needs_ = {1, 1, 1};
  for (const char* run : {"run1", "run2"}) make_folders(folder_.path(run));
  replace_file(folder_.path("run1/run.json"), R"({"status": "waiting"})");
  replace_file(folder_.path("run2/run.json"), R"({"status": "failed", "error": "then"})");
  EXPECT_FALSE(execute_runs(*this, with("exit 130", 2)));
  ASSERT_EQ(ended_.size(), 3u);
  for (const RunUpdate& r : ended_) {
    EXPECT_EQ(r.status.phase, RunPhase::kStopped);
    EXPECT_EQ(r.status.error, "");
  }
}

// A program that is asked before it listens dies of the question.
TEST_F(Scheduler, AnInterruptThatKillsIsAStop) {
  needs_ = {1, 1};
  stop_ = [this] { return most_ == 2; };
  EXPECT_TRUE(execute_runs(*this, with("exec sleep 30", 2)));
  ASSERT_EQ(ended_.size(), 2u);
  for (const RunUpdate& r : ended_) EXPECT_EQ(r.status.phase, RunPhase::kStopped);
}

TEST_F(Scheduler, StopsByASignalAndStartsNoMore) {
  needs_ = {1, 1, 1};
  stop_ = [this] { return most_ == 2; };
  EXPECT_TRUE(execute_runs(
      *this, with("trap 'echo \"{\\\"status\\\": \\\"stopped\\\"}\" > $4/run.json; exit 130' TERM\n"
                  "for i in 1 2 3 4 5 6 7 8 9; do sleep 0.2; done; sleep 30",
                  2)));
  EXPECT_EQ(asked_, 2);
  ASSERT_EQ(ended_.size(), 2u);
  for (const RunUpdate& r : ended_) EXPECT_EQ(r.status.phase, RunPhase::kStopped);
}

struct Waits : RunSource {
  NextRun next() override { return {NextRun::kLater}; }
};

TEST_F(Scheduler, ASourceThatWaitsForNothingIsAnError) {
  Waits source;
  for (const std::string& program : {std::string(), std::string("/bin/true")})
    test::error_of<InternalError>(
        [&] { execute_runs(source, {.program = program, .stop = {}, .metric = ""}); });
}
}  // namespace
}  // namespace cambium::scheduler_test
