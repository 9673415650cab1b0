// `unfreeze:`: what is frozen begins to learn, as if its own training began there.
#include "train/thaw/unfreeze.h"

#include <cstring>
#include <filesystem>
#include <limits>

#include "core/text/json.h"
#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/step_graph.h"
#include "train/run/session.h"
#include "train/spec/optim.h"

namespace cambium::unfreeze_test {
namespace {
constexpr int64_t kEnough = std::numeric_limits<int64_t>::max() / 4;

std::string spec_of(const std::string& unfreeze, const std::string& train,
                    const std::string& freeze = "[embed, residual]") {
  return str(freeze.empty() ? "" : "freeze: " + freeze + "\n",
             unfreeze.empty() ? "" : "unfreeze: " + unfreeze + "\n", test::markov_spec(train));
}

std::map<std::string, std::string> bytes_of(const Session& session) {
  std::map<std::string, std::string> out;
  for (const auto& [name, t] : session.tensors())
    out[name] = std::string(reinterpret_cast<const char*>(t->data()), size_t(t->bytes()));
  return out;
}

TEST(Unfreeze, MakesPhasesInTheOrderOfTime) {
  const test::TempFolder folder;
  const Experiment e = test::open_text(
      folder, spec_of("{embed: 7, residual.ffn: 30%, residual.norm: 7}", "{batch: 8, steps: 10}"));
  const std::vector<ThawPhase> phases = phases_of(e, 10);
  ASSERT_EQ(phases.size(), 3u);
  EXPECT_EQ(phases[0].begin, 0);
  EXPECT_EQ(phases[1].begin, 3);
  EXPECT_EQ(phases[1].thawed, std::vector<int>{1});
  EXPECT_EQ(phases[2].begin, 7);
  EXPECT_EQ(phases[2].thawed, (std::vector<int>{1, 0, 2}));
  EXPECT_EQ(phase_at(phases, 3), 0u);
  EXPECT_EQ(phase_at(phases, 4), 1u);
  EXPECT_EQ(phase_at(phases, 10), 2u);
}

TEST(Unfreeze, MovesNothingBeforeItsTimeAndEverythingAfter) {
  const test::TempFolder folder;
  const test::OneThread one_thread;
  for (const Optimizer* o : builtin_optimizers())
    for (const char* accumulate : {"1", "2"}) {
      SCOPED_TRACE(str(o->name, ", accumulate ", accumulate));
      const std::string train =
          str("{batch: 8, steps: 4, optimizer: ", o->name, ", accumulate: ", accumulate,
              o->averages ? "" : ", ema: 0.9", "}");
      const Experiment e = test::open_text(folder, spec_of("{residual.ffn: 2}", train));
      Session session(e, kEnough);
      session.start(0);
      const auto start = bytes_of(session);
      session.step(1);
      session.step(2);
      const auto before = bytes_of(session);
      session.step(3);
      const auto after = bytes_of(session);
      session.step(4);
      int64_t waited = 0;
      for (const auto& [name, bytes] : start)
        if (name.starts_with("residual.ffn.")) {
          ++waited;
          EXPECT_EQ(before.at(name), bytes) << name;
          EXPECT_NE(after.at(name), bytes) << name;
        } else if (name.starts_with("embed.") || name.starts_with("residual.norm.")) {
          EXPECT_EQ(after.at(name), bytes) << name;
        }
      EXPECT_EQ(waited, 4);
      EXPECT_NE(after.at("linear.weight"), before.at("linear.weight"));
    }
}

// With moments that begin at 0 and a rate that never changes, the first update of what begins later
// is that of a run which begins there with these weights, bit for bit: it has its own first step.
TEST(Unfreeze, FirstUpdateIsThatOfARunThatBeginsThere) {
  const test::TempFolder folder;
  const test::OneThread one_thread;
  for (const Optimizer* o : builtin_optimizers()) {
    SCOPED_TRACE(o->name);
    if (o->curvature) continue;  // it draws targets by the number of the step
    // One batch that is the whole data, and no dropout: every step has the same gradient.
    std::string text =
        spec_of("{residual: 3}", str("{batch: 64, steps: 4, clip: 0, optimizer: ", o->name, "}"));
    text.replace(text.find("dropout: 0.1"), 12, "dropout: 0");
    std::string straight = text;
    straight.replace(straight.find("unfreeze: {residual: 3}\n"), 24, "");
    straight.replace(straight.find("freeze: [embed, residual]"), 25, "freeze: [embed]");
    const Experiment e = test::open_text(folder, text);
    Session late(e, kEnough);
    late.start(0);
    for (int64_t n = 1; n <= 3; ++n) late.step(n);
    const Experiment other = test::open_text(folder, straight);
    Session fresh(other, kEnough);
    fresh.start(0);
    Checkpoint c;
    for (const auto& [name, t] : fresh.tensors()) c.tensors.emplace(name, t->clone());
    for (const auto& [name, t] : late.tensors())
      if (name.starts_with("linear.") || name.starts_with("embed.") ||
          name.starts_with("residual."))
        c.tensors[name] = t->clone();
    fresh.restore_from(c, "here");
    fresh.start(3);  // the order of the data as there
    late.step(4);
    fresh.step(1);
    const auto a = bytes_of(late), b = bytes_of(fresh);
    int64_t compared = 0;
    for (const auto& [name, bytes] : b) {
      if (name.find("residual.") == name.npos) continue;
      EXPECT_EQ(a.at(name), bytes) << name;
      ++compared;
    }
    EXPECT_GE(compared, 6);
  }
}

const char* const kRun =
    "{batch: 8, steps: 12, eval_every: 4, checkpoint_every: 3, log_every: 1, ema: 0.9,"
    " optimizer: {adamw: {lr: 1e-2}}, schedule: cosine}";

TEST(Unfreeze, ResumesBitForBitBeforeAtAndAfterItsTimes) {
  const test::TempFolder folder;
  const Experiment e = test::open_text(folder, spec_of("{residual.ffn: 5, embed: 75%}", kRun));
  test::Remember whole;
  const RunResult a = run_training(e, {.folder = folder.path("a")}, whole);
  const std::string last = "checkpoints/step-12.safetensors";
  for (const int64_t pause : {3, 4, 5, 6, 8, 9, 10}) {
    SCOPED_TRACE(pause);
    test::Remember parts;
    const std::string run = folder.path(str("b", pause));
    run_training(e, {.folder = run, .pause_at = pause}, parts);
    const RunResult b = run_training(e, {.folder = run, .resume = true}, parts);
    EXPECT_EQ(parts.losses, whole.losses);
    EXPECT_EQ(read_file(run + "/log.jsonl"), read_file(folder.path("a/log.jsonl")));
    EXPECT_EQ(read_file(run + "/" + last), read_file(folder.path("a/" + last)));
    EXPECT_EQ(a.test, b.test);
  }
}

TEST(Unfreeze, ResumesBitForBitAfterKills) {
  const test::TempFolder folder;
  const Experiment e = test::open_text(folder, spec_of("{residual.ffn: 5, embed: 75%}", kRun));
  test::Remember progress;
  run_training(e, {.folder = folder.path("a")}, progress);
  for (const int at : {5, 3, 4})  // steps 5, 6 and 7: around a checkpoint at 6 and the time 5
    EXPECT_THROW(run_training(e,
                              {.folder = folder.path("b"),
                               .resume = true,
                               .stop = [left = at]() mutable -> bool {
                                 if (--left <= 0) throw std::runtime_error("killed");
                                 return false;
                               }},
                              progress),
                 std::runtime_error);
  run_training(e, {.folder = folder.path("b"), .resume = true}, progress);
  EXPECT_EQ(read_file(folder.path("a/log.jsonl")), read_file(folder.path("b/log.jsonl")));
}

TEST(Unfreeze, ThawedBlocksRunInTrainingMode) {
  const test::TempFolder folder;
  const std::string text =
      "freeze: [residual]\nunfreeze: {residual: 2}\n"
      "data: {markov_text: {symbols: 6, order: 1, context: 12, train: 64, val: 16, test: 16}}\n"
      "model:\n  - embed: 8\n  - residual: [{norm: batch}, {ffn: {expand: 2, dropout: 0.3}}]\n"
      "  - linear: $classes\ntrain: {batch: 8, steps: 4}\n";
  const Experiment e = test::open_text(folder, text);
  const auto dropouts = [](const Experiment& at) {
    int64_t count = 0;
    for (const Node& n : model_of(at, 8, true).graph.nodes())
      count += n.op && (n.op->name == "dropout" || n.op->name == "batch_norm");
    return count;
  };
  EXPECT_EQ(dropouts(e), 0);
  EXPECT_EQ(dropouts(in_phase(e, phases_of(e, 4).back())), 2);
  Session session(e, kEnough);
  session.start(0);
  session.step(1);
  session.step(2);
  const auto still = bytes_of(session);
  session.step(3);
  EXPECT_NE(bytes_of(session).at("residual.norm.running_mean"),
            still.at("residual.norm.running_mean"));
}

TEST(Unfreeze, CostsAndMemoryAreThoseOfThePhases) {
  const test::TempFolder folder;
  const std::string train = "{batch: 8, steps: 10}";
  const auto open = [&](const std::string& unfreeze, const std::string& freeze) {
    return test::open_text(folder, spec_of(unfreeze, train, freeze));
  };
  const Experiment late = open("{\"*\": 4}", "[embed, residual]");
  const Experiment frozen = open("", "[embed, residual]"), full = open("", "");
  const RunCost cost(late, 10);
  const double low = step_cost(frozen).flops_per_step, high = step_cost(full).flops_per_step;
  EXPECT_LT(low, high);
  EXPECT_DOUBLE_EQ(cost.flops_after(3), 3 * low);
  EXPECT_DOUBLE_EQ(cost.flops_after(10), 4 * low + 6 * high);
  EXPECT_DOUBLE_EQ(step_cost(late).flops_per_step, (4 * low + 6 * high) / 10);
  EXPECT_EQ(steps_of_flops(late, 4 * low + 8.2 * high), 12);
  EXPECT_EQ(steps_of_flops(late, 2 * low), 2);
  const auto needed = [](const Experiment& e) {
    KeptPlans plans;
    return memory_of_run(e, plans).total();
  };
  EXPECT_LT(needed(frozen), needed(full));
  EXPECT_GE(needed(late), needed(full));
  EXPECT_LT(needed(late), needed(full) + 4096);  // of one input more
  test::Remember seen;
  const RunResult r = run_training(late, {.folder = folder.path("run")}, seen);
  EXPECT_DOUBLE_EQ(r.flops, 4 * low + 6 * high);
  EXPECT_DOUBLE_EQ(load_json(folder.path("run/run.json"))["flops"], r.flops);
}

TEST(Unfreeze, SaysWhatCannotBe) {
  const test::TempFolder folder;
  const auto errors = [&](const std::string& unfreeze, const std::string& freeze) {
    return test::error_of<UserErrors>(
        [&] { test::open_text(folder, spec_of(unfreeze, "{batch: 8, steps: 10}", freeze)); });
  };
  const auto error = [&](const std::string& unfreeze) {
    return test::text_of(errors(unfreeze, "[embed, residual]").all.at(0));
  };
  EXPECT_EQ(error("[embed]"), "2:11: 'unfreeze' is a map of names and times");
  EXPECT_EQ(error("{linear: 5}"), "2:12: no frozen parameter is called 'linear'");
  EXPECT_EQ(
      error("{embed: 10}"),
      "2:19: 'embed' would never learn: 10 steps is the end of the run of 10 steps or beyond");
  EXPECT_EQ(error("{embed: 100%}"),
            "2:19: 'embed' would never learn: 100% is the end of the run of 10 steps or beyond");
  EXPECT_EQ(error("{embed: 0}"), "2:19: 'embed' would learn from the first step on");
  EXPECT_EQ(error("{embed: 2 epochs}"), "2:19: '2 epochs' is not a length");
  EXPECT_EQ(error("{embed: 2.5}"), "2:19: '2.5' is not a length");
  EXPECT_EQ(error("{embed: [1]}"), "2:19: the time of 'embed' is steps or a share of the run");
  EXPECT_EQ(error("{\"*\": 3, embed: 30%}"), "2:20: all that 'embed' meets learns by then");
  EXPECT_EQ(test::text_of(errors("{embed: 3}", "").all.at(0)),
            "1:11: 'unfreeze' without anything frozen");
}

TEST(Unfreeze, ARunTakenFurtherKeepsItsTimes) {
  const test::TempFolder folder;
  const auto go = [&](const std::string& unfreeze, int64_t pause, const std::string& run,
                      const char* steps) {
    const Experiment e = test::open_text(
        folder, spec_of(unfreeze, "{batch: 8, steps: 10, eval_every: 5, log_every: 5}"),
        {str("train.steps=", steps)});
    test::Remember seen;
    run_training(e, {.folder = folder.path(run), .resume = true, .pause_at = pause}, seen);
    return seen.notes;
  };
  go("{residual: 4}", 0, "a", "10");
  EXPECT_TRUE(go("{residual: 4}", 0, "a", "15").empty());
  go("{residual: 4}", 0, "b", "15");
  const std::string last = "/checkpoints/step-15.safetensors";
  EXPECT_EQ(read_file(folder.path("a") + last), read_file(folder.path("b") + last));
  go("{residual: 40%}", 8, "c", "10");
  const auto notes = go("{residual: 40%}", 0, "c", "15");
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("began to learn after step 4 and would have after 6"), notes[0].npos);
  go("{residual: 40%}", 5, "d", "10");
  const auto error = test::error_of([&] { go("{residual: 40%}", 0, "d", "15"); });
  EXPECT_NE(std::string(error.what()).find("learns other parameters"), std::string::npos)
      << error.what();
}
}  // namespace
}  // namespace cambium::unfreeze_test
