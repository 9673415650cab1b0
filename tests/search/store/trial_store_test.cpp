// Claims and proposals of several real processes on a real file.
#include "search/store/trial_store.h"

#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/search/store/workers.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::trial_store_test {
namespace {
using namespace store_workers;

void add_waiting(TrialStore& store, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    ASSERT_EQ(store.propose_next([](const TrialHistory& h) {
      NextTrial next{.kind = NextTrial::kTrial};
      next.trial.point = {{"x", double(h.next())}};
      next.trial.spec = str("spec ", h.next());
      return next;
    }),
              Proposal::kAdded);
}

// How often each number stands after a word of the workers' log.
std::map<int64_t, int> counts(const std::string& folder, const std::string& word) {
  std::map<int64_t, int> out;
  std::istringstream lines(read_file(log_of(folder)));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(word + " ")) ++out[std::stoll(line.substr(word.size() + 1))];
  return out;
}

ProcessId someone_else() {
  ProcessId p = own_process();
  p.machine = "another machine";
  p.host = "elsewhere";
  return p;
}

TEST(TrialStore, KeepsWhatItIsGiven) {
  const test::TempFolder folder;
  std::string text;
  {
    TrialStore store(folder.path("s"), study());
    ASSERT_EQ(store.propose_next([](const TrialHistory&) {
      NextTrial n{.kind = NextTrial::kTrial};
      n.trial = {.arm = "mamba",
                 .point = {{"lr", 1e-4 / 3}, {"heads", 4}, {"pattern", "AM\n\"\u00e9"}},
                 .origin = {{"method", "tpe"}, {"parents", {3, 5}}},
                 .key = "k0",
                 .spec = "model: []\n",
                 .seed = -(int64_t(1) << 62),
                 .rung = 2,
                 .steps = 270,
                 .cost = 1.5e14,
                 .folder = "runs/zero"};
      return n;
    }),
              Proposal::kAdded);
    const auto claim = store.claim();
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->trial.spec, "model: []\n");
    EXPECT_EQ(claim->trial.attempts, 1);
    ASSERT_TRUE(store.finish(*claim, {.values = {{"val.loss", 0.1}, {"flops", 12}}}));
    text = store.dump();
  }
  TrialStore store = TrialStore::view(folder.path("s"));
  EXPECT_EQ(store.dump(), text);
  EXPECT_EQ(store.study().name, "tiny");
  EXPECT_EQ(store.study().settings, study().settings);
  const Trial& t = store.trials()[0];
  EXPECT_EQ(t.point["lr"].get<double>(), 1e-4 / 3);
  EXPECT_EQ(t.seed, -(int64_t(1) << 62));
  EXPECT_EQ(t.cost, 1.5e14);
  EXPECT_EQ(t.state, TrialState::kDone);
  EXPECT_EQ(t.values["val.loss"].get<double>(), 0.1);
  EXPECT_GT(t.added, 1e9);
  EXPECT_GE(t.started, t.added);
  EXPECT_GE(t.ended, t.started);
  EXPECT_EQ(store.spec_of(0), "model: []\n");
  EXPECT_EQ(
      text,
      "{\"number\":0,\"arm\":\"mamba\",\"point\":{\"lr\":3.3333333333333335e-05,\"heads\":4,"
      "\"pattern\":\"AM\\n\\\"\u00e9\"},\"origin\":{\"method\":\"tpe\",\"parents\":[3,5]},"
      "\"key\":\"k0\",\"spec\":\"" +
          hash_name(hash_text("model: []\n")) +
          "\",\"seed\":-4611686018427387904,\"rung\":2,\"steps\":270,\"pause_at\":0,\"cost\":"
          "150000000000000.0,"
          "\"folder\":\"runs/zero\",\"state\":\"done\",\"values\":{\"val.loss\":0.1,\"flops\":12},"
          "\"reason\":\"\"}\n");
}

TEST(TrialStore, ProposesNoFurtherThanTheLag) {
  const test::TempFolder folder;
  TrialStore store(folder.path("s"), study(3));
  add_waiting(store, 3);
  const auto never = [](const TrialHistory&) -> NextTrial { throw std::logic_error("was asked"); };
  EXPECT_EQ(store.propose_next(never), Proposal::kLater);
  const auto first = store.claim(), second = store.claim();
  ASSERT_TRUE(store.finish(*second, {}));  // trial 3 needs trial 0
  EXPECT_EQ(store.propose_next(never), Proposal::kLater);
  ASSERT_TRUE(store.finish(*first, {.values = {{"score", 1}}}));
  EXPECT_EQ(store.propose_next([](const TrialHistory& h) {
    EXPECT_EQ(h.next(), 3);
    EXPECT_EQ(h.ended().size(), 1u);
    EXPECT_EQ(h.ended()[0].values["score"], 1);
    EXPECT_EQ(h.pending().size(), 2u);
    EXPECT_EQ(h.pending()[0].point["x"], 1.0);
    // That it has ended depends on who was faster, and is not to be seen.
    EXPECT_EQ(h.pending()[0].state, TrialState::kWaiting);
    EXPECT_EQ(h.pending()[0].attempts, 0);
    return NextTrial{.kind = NextTrial::kFinished, .reason = "space exhausted"};
  }),
            Proposal::kFinished);
  EXPECT_EQ(store.propose_next(never), Proposal::kFinished);
  EXPECT_EQ(store.finished(), "space exhausted");
}

TEST(TrialStore, ADecisionMayAwaitMoreThanTheLag) {
  const test::TempFolder folder;
  TrialStore store(folder.path("s"), study(8));
  add_waiting(store, 2);
  const auto promote = [](const TrialHistory& h) {
    NextTrial next{.kind = NextTrial::kTrial};
    if (const Trial* t = h.await(0)) next.trial.point = t->values;
    return next;
  };
  EXPECT_EQ(store.propose_next(promote), Proposal::kLater);
  EXPECT_EQ(store.trials().size(), 2u);
  ASSERT_TRUE(store.finish(*store.claim(), {.values = {{"score", 4}}}));
  EXPECT_EQ(store.propose_next(promote), Proposal::kAdded);
  EXPECT_EQ(store.trials()[2].point["score"], 4);
}

TEST(TrialStore, AProposerThatThrowsLeavesNothing) {
  const test::TempFolder folder;
  TrialStore store(folder.path("s"), study());
  EXPECT_THROW(store.propose_next([](const TrialHistory&) -> NextTrial { throw UserError("no"); }),
               UserError);
  add_waiting(store, 1);
  EXPECT_EQ(store.trials().size(), 1u);
}

TEST(TrialStore, WhatWasGivenBackIsClaimedAgain) {
  const test::TempFolder folder;
  TrialStore store(folder.path("s"), study());
  add_waiting(store, 1);
  const auto first = store.claim();
  EXPECT_FALSE(store.claim());
  EXPECT_TRUE(store.give_back(*first));
  EXPECT_EQ(store.trials()[0].state, TrialState::kStopped);
  const auto again = store.claim();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->trial.attempts, 2);
  EXPECT_FALSE(store.finish(*first, {})) << "an earlier claim ended a later one's trial";
  EXPECT_TRUE(store.finish(*again, {}));
  EXPECT_FALSE(store.finish(*again, {.values = {{"score", 2}}}));
  EXPECT_TRUE(store.trials()[0].values.empty());
}

TEST(TrialStore, ATrialOfAKilledProcessIsTakenOver) {
  const test::TempFolder folder;
  { const TrialStore made(folder.path("s"), study()); }
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t holder = start([&] {
    TrialStore store(folder.path("s"), study());
    add_waiting(store, 1);
    if (store.claim()) [[maybe_unused]]
      const ssize_t n = ::write(ready[1], "x", 1);
    for (;;) ::pause();
  });
  char c = 0;
  ASSERT_EQ(::read(ready[0], &c, 1), 1);
  TrialStore store(folder.path("s"), study());
  EXPECT_FALSE(store.claim()) << "its process lives";
  ::kill(holder, SIGKILL);
  siginfo_t ended;
  ASSERT_EQ(::waitid(P_PID, id_t(holder), &ended, WEXITED | WNOWAIT), 0);
  const auto claim = store.claim();  // it is dead, though nobody has waited for it
  EXPECT_EQ(end_of(holder), 128 + SIGKILL);
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->number(), 0);
  EXPECT_EQ(claim->trial.attempts, 2);
  EXPECT_TRUE(store.finish(*claim, {}));
}

TEST(TrialStore, AProcessThatGotTheNumberOfADeadOneHoldsNothing) {
  const test::TempFolder folder;
  ProcessId earlier = own_process();
  TrialStore alive(folder.path("s"), study(), {.process = earlier});
  earlier.start -= 1;
  TrialStore dead(folder.path("s"), study(), {.process = earlier});
  add_waiting(alive, 2);
  const auto kept = alive.claim();  // 0
  const auto lost = dead.claim();   // 1
  TrialStore store(folder.path("s"), study());
  const auto taken = store.claim();
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->number(), 1);
  EXPECT_FALSE(store.claim()) << "took a trial of a process that lives";
  EXPECT_FALSE(dead.finish(*lost, {.values = {{"score", 1}}}));
  EXPECT_EQ(store.trials()[1].state, TrialState::kRunning);
  EXPECT_TRUE(alive.finish(*kept, {}));
}

TEST(TrialStore, ASilentProcessOfAnotherMachineIsTakenOver) {
  const test::TempFolder folder;
  const StoreSettings quick{.heartbeat_seconds = 0, .silence_seconds = 0.3};
  StoreSettings elsewhere = quick;
  elsewhere.process = someone_else();
  TrialStore far(folder.path("s"), study(), elsewhere), near(folder.path("s"), study(), quick);
  add_waiting(far, 1);
  const auto claim = far.claim();
  for (int i = 0; i < 10; ++i) {  // a second of beats
    EXPECT_TRUE(far.beat().empty());
    EXPECT_FALSE(near.claim()) << "took a trial whose heart beats";
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  ASSERT_TRUE(near.claim());
  EXPECT_EQ(far.beat(), std::vector<int64_t>{0});
  EXPECT_FALSE(far.finish(*claim, {}));
}

TEST(TrialStore, FourProcessesNeverGetATrialTwice) {
  const test::TempFolder folder;
  const Work w{folder.path("s"), 120, 40, 500};
  EXPECT_EQ(work_together(w, 4).failed, 0);
  for (const char* word : {"claim", "end"}) {
    const auto seen = counts(w.folder, word);
    for (const auto& [number, times] : seen) EXPECT_EQ(times, 1) << word << " " << number;
    EXPECT_EQ(seen.size(), 120u - 120 / 17) << word;  // the others were refused at once
  }
  int proposals = 0;  // a line's number is of when it was written: others may have proposed since
  for (const auto& [number, times] : counts(w.folder, "proposal")) proposals += times;
  EXPECT_EQ(proposals, 120);
}

TEST(TrialStore, TheListIsThatOfOneWorkerForAnyNumberAndAfterKills) {
  const test::TempFolder folder;
  std::string lists[4];
  const int workers[] = {1, 2, 4, 4};
  for (int i = 0; i < 4; ++i) {
    const Work w{folder.path(str("s", i)), 150, 8, 2000};
    const bool killed = i == 3;
    const Killed k = work_together(w, workers[i], killed ? 8 : 0, 40);
    EXPECT_EQ(k.failed, 0);
    EXPECT_GE(k.kills, killed ? 6 : 0) << "the work was over too soon to be killed in the middle";
    for (const auto& [number, times] : counts(w.folder, "end")) EXPECT_EQ(times, 1) << number;
    lists[i] = TrialStore::view(w.folder).dump();
  }
  EXPECT_EQ(std::ranges::count(lists[0], '\n'), 151);
  for (int i = 1; i < 4; ++i) EXPECT_EQ(lists[i], lists[0]) << workers[i] << " workers";
}

TEST(TrialStore, IsReadWhileOthersWrite) {
  const test::TempFolder folder;
  const Work w{folder.path("s"), 100, 8, 1000};
  { const TrialStore made(w.folder, study()); }
  const pid_t writer = start([&] { work(w); });
  TrialStore viewer = TrialStore::view(w.folder);
  size_t before = 0;
  int looks = 0, grew = 0;
  while (!viewer.finished()) {
    const size_t now = viewer.trials().size();
    EXPECT_GE(now, before);
    grew += now > before;
    before = now;
    ++looks;
  }
  EXPECT_EQ(end_of(writer), 0);
  EXPECT_GE(grew, 3) << looks << " looks";
  // Nor does a writer in the middle of writing keep readers out.
  Sqlite busy(w.folder + "/study.db", Sqlite::kWrite);
  SqlTransaction writes(busy, SqlTransaction::kWrites);
  busy.run("UPDATE trials SET reason = 'half'");
  const Stopwatch clock;
  EXPECT_NE(TrialStore::view(w.folder).trials()[0].reason, "half");
  EXPECT_LT(clock.seconds(), 5);
}

TEST(TrialStore, SaysWhenAnotherProcessKeepsIt) {
  const test::TempFolder folder;
  TrialStore store(folder.path("s"), study(), {.patience_seconds = 0.2});
  add_waiting(store, 1);
  Sqlite busy(folder.path("s/study.db"), Sqlite::kWrite);
  const SqlTransaction writes(busy, SqlTransaction::kWrites);
  const auto e = test::error_of<RuntimeError>([&] { store.claim(); });
  EXPECT_EQ(std::string(e.what()), str("'", folder.path("s/study.db"),
                                       "' is kept by another process and does not come free"));
  EXPECT_NE(e.help, "");
}
}  // namespace
}  // namespace cambium::trial_store_test
