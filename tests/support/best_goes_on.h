// A source of runs that decides by what it saw: three short runs, then the best of them goes on to
// twice its steps.
#pragma once
#include <cstring>
#include <vector>

#include "search/runs/scheduler.h"
#include "tests/support/tiny_experiment.h"
#include "train/run/checkpoint.h"

namespace cambium::test {
class BestGoesOn : public RunSource {
 public:
  static constexpr int kRuns = 3;

  BestGoesOn(const TempFolder& folder, int64_t steps) : folder_(folder), steps_(steps) {}

  // Rates far enough apart that the last one is the best.
  Spec spec(int64_t id, int64_t steps) const {
    constexpr std::string_view rates[kRuns] = {"1e-5", "1e-4", "3e-2"};
    const std::string text = markov_spec(str("{batch: 8, steps: ", steps,
                                             ", eval_every: 5, log_every: 5, schedule: constant, ",
                                             "optimizer: {adamw: {lr: ", rates[id], "}}}"));
    return {"the order", parse_yaml(text, "the order")};
  }

  std::string run(int64_t id) const { return folder_.path(str("run", id)); }

  NextRun next() override {
    if (ordered_ < kRuns) return order(ordered_++, steps_);
    if (ended.size() < kRuns) return {NextRun::kLater};
    if (best >= 0) return {NextRun::kFinished};
    best = 0;
    for (const RunUpdate& r : ended)
      if (r.status.value < value_of(best)) best = r.id;
    return order(best, 2 * steps_);
  }

  void on_progress(std::span<const RunUpdate> running) override {
    most = std::max(most, running.size());
  }

  void on_end(const RunUpdate& run) override { ended.push_back(run); }

  // The best one's run is, byte for byte, one that was twice as long from its beginning.
  void expect_the_longer_run() const {
    ASSERT_EQ(ended.size(), size_t(kRuns + 1));
    EXPECT_EQ(best, 2);
    EXPECT_EQ(ended.back().id, best);
    EXPECT_EQ(ended.back().status.step, 2 * steps_);
    for (const RunUpdate& r : ended) EXPECT_EQ(r.status.phase, RunPhase::kDone) << r.status.error;
    const std::string whole = folder_.path("whole"), taken = run(best);
    Progress silent;
    run_training(open_experiment(spec(best, 2 * steps_)), {.folder = whole}, silent);
    const Checkpoint a = load_checkpoint(whole), b = load_checkpoint(taken);
    EXPECT_EQ(a.state.step, b.state.step);
    ASSERT_EQ(a.tensors.size(), b.tensors.size());
    for (const auto& [name, t] : a.tensors)
      EXPECT_EQ(std::memcmp(t.data(), b.tensors.at(name).data(), size_t(t.bytes())), 0) << name;
    for (const char* file : {"/log.jsonl", "/spec.yaml"})
      EXPECT_EQ(read_file(whole + file), read_file(taken + file));
    EXPECT_FALSE(file_exists(taken + "/longer.yaml"));
  }

  std::vector<RunUpdate> ended;
  size_t most = 0;    // side by side
  int64_t best = -1;  // -1: not decided

 private:
  NextRun order(int64_t id, int64_t steps) const {
    return {NextRun::kRun,
            {.id = id, .folder = run(id), .spec = spec(id, steps), .steps = steps, .threads = 1}};
  }

  double value_of(int64_t id) const {
    for (const RunUpdate& r : ended)
      if (r.id == id) return r.status.value;
    return 0;
  }

  const TempFolder& folder_;
  const int64_t steps_;
  int64_t ordered_ = 0;
};
}  // namespace cambium::test
