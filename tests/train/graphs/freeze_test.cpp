// `freeze:`: what it names never moves, under any optimizer, and costs no gradient and no memory.
#include "train/graphs/freeze.h"

#include <cstring>
#include <limits>

#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/plans.h"
#include "train/graphs/step_graph.h"
#include "train/run/session.h"
#include "train/spec/optim.h"

namespace cambium::freeze_test {
namespace {
constexpr int64_t kEnough = std::numeric_limits<int64_t>::max() / 4;

std::string spec_of(const std::string& freeze, const std::string& train) {
  return str(freeze.empty() ? "" : "freeze: " + freeze + "\n", test::markov_spec(train));
}

std::map<std::string, std::string> bytes_of(const Session& session) {
  std::map<std::string, std::string> out;
  for (const auto& [name, t] : session.tensors())
    out[name] = std::string(reinterpret_cast<const char*>(t->data()), size_t(t->bytes()));
  return out;
}

bool is_frozen(const std::string& name) {
  return name.starts_with("embed.") || name.starts_with("residual.");
}

TEST(Freeze, LeavesEveryByteUnderEveryOptimizer) {
  const test::TempFolder folder;
  const test::OneThread one_thread;
  for (const Optimizer* o : builtin_optimizers())
    for (const char* accumulate : {"1", "2"}) {
      SCOPED_TRACE(str(o->name, ", accumulate ", accumulate));
      const std::string train = str(
          "{batch: 8, steps: 3, optimizer: ", o->name, ", accumulate: ", accumulate,
          ", groups: [{match: \"*\", weight_decay: 0.1}]", o->averages ? "" : ", ema: 0.9", "}");
      const Experiment e = test::open_text(folder, spec_of("[embed, \"resid*\"]", train));
      Session session(e, kEnough);
      session.start(0);
      const auto before = bytes_of(session);
      for (int64_t n = 1; n <= 3; ++n) session.step(n);
      const auto after = bytes_of(session);
      int64_t frozen = 0, moved = 0;
      for (const auto& [name, bytes] : before) {
        if (is_frozen(name)) {
          ++frozen;
          EXPECT_EQ(after.at(name), bytes) << name;
        } else {  // no moment, average or sum of what is frozen
          EXPECT_EQ(name.find(".embed."), name.npos) << name;
          EXPECT_EQ(name.find(".residual."), name.npos) << name;
          moved += after.at(name) != bytes;
        }
      }
      EXPECT_EQ(frozen, 7);
      EXPECT_GE(moved, 2);
    }
}

// Nodes of the step after its passes that differentiate something below one of the blocks.
int64_t gradient_nodes(const Experiment& e, std::string_view block) {
  int64_t count = 0;
  for (const Node& n : step_of(e).tidy.nodes())
    count += n.op && n.scope.phase == Phase::kBackward && n.scope.path.starts_with(block);
  return count;
}

int64_t needed(const Experiment& e) {
  Engine engine;
  return memory_need(e, compile_plans(e, engine)).total();
}

TEST(Freeze, CostsNoGradientAndNoMemory) {
  const test::TempFolder folder;
  const std::string train = "{batch: 8, steps: 3}";
  const Experiment whole = test::open_text(folder, spec_of("", train));
  const Experiment prefix = test::open_text(folder, spec_of("[embed, residual]", train));
  const Experiment middle = test::open_text(folder, spec_of("residual.ffn", train));
  EXPECT_GT(gradient_nodes(whole, "embed"), 0);
  EXPECT_GT(gradient_nodes(whole, "residual"), 0);
  EXPECT_EQ(gradient_nodes(prefix, "embed"), 0);
  EXPECT_EQ(gradient_nodes(prefix, "residual"), 0);
  EXPECT_GT(gradient_nodes(prefix, "linear"), 0);
  EXPECT_LT(gradient_nodes(middle, "residual.ffn"), gradient_nodes(whole, "residual.ffn"));
  EXPECT_LT(needed(prefix), needed(middle));
  EXPECT_LT(needed(middle), needed(whole));
  EXPECT_LT(step_cost(prefix).flops_per_step, step_cost(middle).flops_per_step);
  EXPECT_LT(step_cost(middle).flops_per_step, step_cost(whole).flops_per_step);
  const FrozenShare share = frozen_share(model_of(prefix, 8, true).graph);
  EXPECT_EQ(share.tensors, 7);
  EXPECT_EQ(share.parameters - share.frozen, 8 * 6 + 6);
}

TEST(Freeze, GivesTheSameGradientsToTheRest) {
  const test::TempFolder folder;
  const test::OneThread one_thread;
  const std::string train =
      "{batch: 8, steps: 1, optimizer: {sgd: {lr: 0.1, momentum: 0}}, clip: 0}";
  std::map<std::string, std::string> ends[2];
  for (const bool frozen : {false, true}) {
    std::string spec = spec_of(frozen ? "[embed, residual]" : "", train);
    spec.replace(spec.find("dropout: 0.1"), 12, "dropout: 0");  // frozen, it would be off
    const Experiment e = test::open_text(folder, spec);
    Session session(e, kEnough);
    session.start(0);
    session.step(1);
    ends[frozen] = bytes_of(session);
  }
  for (const char* name : {"linear.weight", "linear.bias"})
    EXPECT_EQ(ends[0].at(name), ends[1].at(name)) << name;
  EXPECT_NE(ends[0].at("embed.table"), ends[1].at("embed.table"));
}

// The logits of the model's graph on some symbols, with running statistics as if it had learnt.
std::vector<float> logits_of(const Experiment& e, bool training) {
  Engine engine;
  const Plan plan = compile(model_graph(e, 8, training), engine);
  Store store;
  store.add(plan, 1);
  for (const auto& [name, t] : store.tensors())
    if (name.find("running_") != name.npos)
      for (float i = 1; float& v : store.at(name).f32()) v = 0.3F * i++;
  Executor executor(plan, store);
  Tensor x(DType::kI32, {8, 12});
  for (int32_t i = 0; int32_t & v : x.i32()) v = (i++ * 7) % 6;
  executor.set_input("x", x);
  if (executor.has_input("rng")) executor.set_input("rng", Tensor(DType::kI64, {2}));
  executor.run();
  const std::span<const std::byte> out = executor.output("logits");
  std::vector<float> numbers(out.size() / sizeof(float));
  std::memcpy(numbers.data(), out.data(), out.size());
  return numbers;
}

TEST(Freeze, RunsFrozenBlocksAsInEvaluation) {
  const test::TempFolder folder;
  const test::OneThread one_thread;
  const auto open = [&](const std::string& freeze) {
    return test::open_text(
        folder, str("freeze: ", freeze,
                    "\ndata: {markov_text: {symbols: 6, order: 1, context: 12, train: 64, val: 16, "
                    "test: 16}}\nmodel:\n  - embed: 8\n"
                    "  - residual: [{norm: batch}, {ffn: {expand: 2, dropout: 0.3}}]\n"
                    "  - linear: $classes\ntrain: {batch: 8, steps: 3}\n"));
  };
  const Experiment frozen = open("residual");
  const std::vector<float> trained = logits_of(frozen, true), judged = logits_of(frozen, false);
  ASSERT_EQ(trained.size(), judged.size());
  for (size_t i = 0; i < judged.size(); ++i) EXPECT_NEAR(trained[i], judged[i], 1e-5);
  const Experiment alive = open("embed");
  const std::vector<float> noisy = logits_of(alive, true);
  double most = 0;
  for (size_t i = 0; i < noisy.size(); ++i)
    most = std::max(most, double(std::abs(noisy[i] - judged[i])));
  EXPECT_GT(most, 0.01);
  Session session(frozen, kEnough);
  session.start(0);
  const auto before = bytes_of(session);
  for (int64_t n = 1; n <= 3; ++n) session.step(n);
  const auto after = bytes_of(session);
  for (const char* name : {"residual.norm.running_mean", "residual.norm.running_var"})
    EXPECT_EQ(after.at(name), before.at(name)) << name;
  EXPECT_NE(after.at("embed.table"), before.at("embed.table"));  // learns through it
}

TEST(Freeze, ModeTrainHoldsTheWeightsAlone) {
  const test::TempFolder folder;
  const test::OneThread one_thread;
  const auto open = [&](const std::string& mode) {
    return test::open_text(
        folder,
        str("freeze: {names: [residual]", mode,
            "}\ndata: {markov_text: {symbols: 6, order: 1, context: 12, train: 64, val: 16, "
            "test: 16}}\nmodel:\n  - embed: 8\n"
            "  - residual: [{norm: batch}, {ffn: {expand: 2, dropout: 0.3}}]\n"
            "  - linear: $classes\ntrain: {batch: 8, steps: 3}\n"));
  };
  const auto moves = [&](const std::string& mode, std::string_view name) {
    const Experiment e = open(mode);
    Session session(e, kEnough);
    session.start(0);
    const auto before = bytes_of(session);
    for (int64_t n = 1; n <= 3; ++n) session.step(n);
    return bytes_of(session).at(std::string(name)) != before.at(std::string(name));
  };
  for (const std::string name : {"residual.norm.running_mean", "residual.norm.running_var"}) {
    EXPECT_FALSE(moves("", name));
    EXPECT_FALSE(moves(", mode: evaluation", name));
    EXPECT_TRUE(moves(", mode: train", name));
  }
  EXPECT_FALSE(moves(", mode: train", "residual.ffn.up.weight"));
  EXPECT_TRUE(moves(", mode: train", "embed.table"));
  EXPECT_EQ(logits_of(open(""), true), logits_of(open(", mode: evaluation"), true));
  EXPECT_NE(logits_of(open(""), true), logits_of(open(", mode: train"), true));
}

// However the parameters are named, the same ones frozen are the same training.
TEST(Freeze, TheSameParametersAreTheSameTrainingUnderAnyName) {
  const test::TempFolder folder;
  const test::OneThread one_thread;
  const auto ends = [&](const std::string& freeze) {
    const Experiment e = test::open_text(
        folder, str("freeze: ", freeze,
                    "\ndata: {markov_text: {symbols: 6, order: 1, context: 12, train: 64, val: 16, "
                    "test: 16}}\nmodel:\n  - embed: 8\n"
                    "  - residual: [{norm: batch}, {ffn: {expand: 2, dropout: 0.3}}]\n"
                    "  - linear: $classes\ntrain: {batch: 8, steps: 3}\n"));
    Session session(e, kEnough);
    session.start(0);
    for (int64_t n = 1; n <= 2; ++n) session.step(n);
    return bytes_of(session);
  };
  const std::pair<std::string, std::string> same[] = {
      {"[residual.norm]", "[\"residual.norm.*\"]"},
      {"[residual.norm]", "[residual.norm.gamma, residual.norm.beta]"},
      {"[residual]", "[residual.norm, residual.ffn]"},
      {"[residual]", "[\"*.norm\", residual.ffn.up, residual.ffn.down]"}};
  for (const auto& [a, b] : same) EXPECT_EQ(ends(a), ends(b)) << a << " and " << b;
  const auto part = ends("[residual.norm.gamma]"), whole = ends("[residual.norm]");
  const std::string mean = "residual.norm.running_mean";
  EXPECT_EQ(whole.at(mean), std::string(8 * sizeof(float), '\0'));
  EXPECT_NE(part.at(mean), whole.at(mean));  // half of a norm learns on
}

TEST(Freeze, RefusesWhatMeetsNothingAndAll) {
  const test::TempFolder folder;
  const auto error = [&](const std::string& freeze) {
    return test::error_of<UserErrors>(
               [&] { test::open_text(folder, spec_of(freeze, "{batch: 8, steps: 3}")); })
        .all.at(0);
  };
  const UserError misspelt = error("[embed, residul]");
  EXPECT_EQ(test::text_of(misspelt), "1:17: no parameter of the model is called 'residul'");
  EXPECT_NE(misspelt.help.find("'residual'"), std::string::npos) << misspelt.help;
  EXPECT_EQ(test::text_of(error("\"*\"")), "1:9: 'freeze' leaves nothing to train");
  EXPECT_EQ(test::text_of(error("{mode: train}")), "1:9: 'freeze' does not say what is frozen");
  EXPECT_EQ(test::text_of(error("{names: [embed], mode: on}")), "1:32: 'mode' cannot be 'on'");
  EXPECT_EQ(test::text_of(error("{names: [embed], modes: train}")), "1:26: unknown key 'modes'");
  EXPECT_EQ(test::text_of(error("[[embed]]")), "1:10: a name of 'freeze' is text");
}

// Muon leaves the model's output layer to AdamW, and takes no other for it where that is frozen.
TEST(Freeze, AFrozenHeadIsTheHeadStill) {
  const test::TempFolder folder;
  const auto moved = [&](const std::string& freeze, const std::string& name) {
    const Experiment e =
        test::open_text(folder, spec_of(freeze, "{batch: 8, steps: 3, optimizer: muon}"));
    return step_of(e).training.find(Role::kState, "muon.m." + name).has_value();
  };
  EXPECT_TRUE(moved("", "residual.ffn.down.weight"));
  EXPECT_FALSE(moved("", "linear.weight"));
  EXPECT_TRUE(moved("[linear]", "residual.ffn.down.weight"));
}

// A study may freeze what its base has groups for.
TEST(Freeze, GroupsOfFrozenParametersAloneAreNoted) {
  const test::TempFolder folder;
  const auto open = [&](const std::string& match) {
    return test::open_text(folder,
                           spec_of("[embed]", str("{batch: 8, steps: 3, groups: [{match: \"", match,
                                                  "\", lr_scale: 0.1}]}")));
  };
  const auto notes = open("embed*").notes;
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_STREQ(notes[0].what(), "the group 'embed*' meets frozen parameters alone");
  EXPECT_TRUE(notes[0].mark.known());
  const UserError none = test::error_of<UserErrors>([&] { open("embde*"); }).all.at(0);
  EXPECT_STREQ(none.what(), "no parameter is called 'embde*'");
}
}  // namespace
}  // namespace cambium::freeze_test
