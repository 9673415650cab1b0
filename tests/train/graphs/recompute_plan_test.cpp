// Recompute in training: the same bits, a smaller arena, an exact price.
#include "train/graphs/recompute_plan.h"

#include <cstring>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "graph/cost.h"
#include "graph/run/buffers.h"
#include "ops/support/bf16.h"
#include "tests/support/expect_error.h"
#include "tests/support/machine/needs_bf16.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/pipeline.h"
#include "train/run/session.h"

namespace cambium::test::recompute_test {
namespace {
constexpr const char* kTransformer =
    "data: {in_context_recall: {vocab: 16, length: 32, train: 64, val: 32, test: 32}}\n"
    "model:\n"
    "  - embed: 64\n"
    "  - repeat: 3\n"
    "    RECOMPUTE\n"
    "    body:\n"
    "      - residual: [{norm: layer}, {attention: {heads: 2, causal: true}}, {dropout: 0.2}]\n"
    "      - residual: [{norm: rms}, {ffn: {expand: 2, activation: gelu, dropout: 0.1}}]\n"
    "  - linear: $classes\n"
    "train: {optimizer: {adamw: {lr: 3e-3}}, batch: 16, steps: 4}\n";

constexpr const char* kConvnet =
    "data: {in_context_recall: {vocab: 16, length: 64, train: 64, val: 32, test: 32}}\n"
    "model:\n"
    "  - embed: 16\n"
    "  - tokens_to_grid: {rows: 9, columns: 7}\n"
    "  - repeat: 3\n"
    "    RECOMPUTE\n"
    "    body:\n"
    "      - residual: [{conv2d: 16}, {norm: batch}, {activation: relu}, {conv2d: 16}]\n"
    "        norm: batch\n"
    "  - grid_to_tokens\n"
    "  - linear: $classes\n"
    "train: {optimizer: {sgd: {lr: 1e-2, momentum: 0.9}}, batch: 16, steps: 4, allow_leaks: "
    "true}\n";

constexpr const char* kExperts =
    "data: {in_context_recall: {vocab: 16, length: 32, train: 64, val: 32, test: 32}}\n"
    "model:\n"
    "  - embed: 32\n"
    "  - repeat: 3\n"
    "    RECOMPUTE\n"
    "    body:\n"
    "      - residual:\n"
    "          - norm: rms\n"
    "          - moe: {experts: 4, expand: 2, capacity: 1.1, activation: swiglu, dropout: 0.1}\n"
    "  - linear: $classes\n"
    "train: {optimizer: {adamw: {lr: 3e-3}}, batch: 16, steps: 4}\n";

std::string with(std::string text, const std::string& line) {
  const std::string word = "    RECOMPUTE\n";
  return text.replace(text.find(word), word.size(), line.empty() ? "" : "    " + line + "\n");
}

struct Trained {
  std::vector<double> numbers;  // loss and gradient norm of each step
  std::map<std::string, std::vector<std::byte>> tensors;

  bool operator==(const Trained&) const = default;
};

Trained train(const Experiment& e) {
  Session session(e, int64_t(1) << 40);
  session.start(0);
  Trained out;
  for (int64_t step = 1; step <= e.total_steps(); ++step) {
    const StepOutcome o = session.step(step);
    out.numbers.insert(out.numbers.end(), {o.loss, o.grad_norm});
  }
  for (const auto& [name, t] : session.tensors()) {
    const auto* bytes = static_cast<const std::byte*>(t->data());
    out.tensors[name].assign(bytes, bytes + t->bytes());
  }
  return out;
}

void expect_equal_training(const char* model, const std::vector<std::string>& overrides = {}) {
  const TempFolder folder;
  const auto trained = [&](const std::string& line, const std::string& option) {
    std::vector<std::string> set = overrides;
    set.push_back("train.recompute=" + option);
    return train(open_text(folder, with(model, line), set));
  };
  const Trained plain = trained("", "none");
  EXPECT_GT(plain.tensors.size(), 10u);
  EXPECT_TRUE(trained("recompute: true", "none") == plain);
  EXPECT_TRUE(trained("", "pointwise") == plain);
  EXPECT_TRUE(trained("recompute: true", "pointwise") == plain);
}

TEST(Recompute, TrainsATransformerWithDropoutToTheSameBits) {
  expect_equal_training(kTransformer);
}

TEST(Recompute, TrainsAConvnetWithBatchNormToTheSameBits) {
  expect_equal_training(kConvnet);
}

// Routing is decided again, and the balance of the load is added to the loss once.
TEST(Recompute, TrainsAMixtureOfExpertsToTheSameBits) {
  expect_equal_training(kExperts);
}

TEST(Recompute, AccumulatesToTheSameBits) {
  expect_equal_training(kConvnet, {"train.accumulate=2"});
}

TEST(Recompute, TrainsInBf16ToTheSameBits) {
  CAMBIUM_NEEDS_BF16;
  expect_equal_training(kTransformer, {"precision=bf16"});
}

TEST(Recompute, SaysExactlyWhatItSavesAndCosts) {
  const TempFolder folder;
  const Experiment plain = open_text(folder, with(kTransformer, ""));
  const Experiment e =
      open_text(folder, with(kTransformer, "recompute: true"), {"train.recompute=pointwise"});
  EXPECT_FALSE(recompute_price(plain));
  const auto price = recompute_price(e);
  ASSERT_TRUE(price);
  ASSERT_EQ(price->parts.size(), 2u);
  EXPECT_EQ(price->parts[0].path, "repeat");
  Engine engine;
  const Plan before = compile_plans(plain, engine).step, after = compile_plans(e, engine).step;
  EXPECT_EQ(price->arena_before, before.memory.arena_bytes);
  EXPECT_EQ(price->arena_after, after.memory.arena_bytes);
  EXPECT_LT(price->arena_after, price->arena_before);
  const double flops = total_cost(after.graph).flops() - total_cost(before.graph).flops();
  EXPECT_DOUBLE_EQ(price->extra_flops(), flops);
  EXPECT_EQ(price->parts[0].freed_bytes + price->parts[1].freed_bytes,
            kept_bytes(before.graph) - kept_bytes(after.graph));
}

TEST(Recompute, CountsOnlyTheModelsWorkAsAStepsCost) {
  const TempFolder folder;
  const auto flops = [&](const char* line) {
    return step_cost(open_text(folder, with(kTransformer, line))).flops_per_step;
  };
  EXPECT_EQ(flops("recompute: true"), flops(""));
}

TEST(Recompute, KeepsABlockThatSaysFalseInside) {
  const TempFolder folder;
  std::string text = with(kTransformer, "recompute: true");
  const size_t at = text.find("- residual: [{norm: rms}");
  text.insert(text.find('\n', at), "\n        recompute: false");
  const auto price = recompute_price(open_text(folder, text));
  ASSERT_EQ(price->parts.size(), 2u);
  EXPECT_EQ(price->parts[1].path, "repeat.0.residual_2");
  EXPECT_EQ(price->parts[1].places, 3);
  EXPECT_LT(price->parts[1].freed_bytes, 0);
  EXPECT_LT(price->parts[1].extra_flops, 0);
  EXPECT_GT(price->parts[0].freed_bytes + price->parts[1].freed_bytes, 0);
}

// Few activations, many parameters: when the last layers run backward, their gradients take no
// memory yet.
TEST(Recompute, KeepsTheLastSegmentsWhereTheArenaDoesNotGrow) {
  const TempFolder folder;
  const Experiment e = open_text(folder, with(kTransformer, "recompute: true"),
                                 {"train.batch=2", "model.1.repeat=8"});
  const auto price = recompute_price(e);
  EXPECT_EQ(price->segments, 8);
  EXPECT_GT(price->kept_segments, 0);
  EXPECT_LT(price->kept_segments, 8);
  const Graph step = optimised(e, step_of(e));
  const Graph all = drop_dead(recompute_blocks(step, e.recompute));
  Engine engine;
  EXPECT_LE(price->arena_after, compile(all.clone(), engine).memory.arena_bytes);
  EXPECT_LT(price->extra_flops(), total_cost(all).flops() - total_cost(step).flops());
}

TEST(Recompute, IsNamedWhenMemoryIsShort) {
  const TempFolder folder;
  const auto help = [&](const char* line) {
    const Experiment e = open_text(folder, with(kTransformer, line));
    Engine engine;
    const MemoryNeed need = memory_need(e, compile_plans(e, engine));
    return error_of<RuntimeError>([&] { check_memory(e, need, need.total() - 1); }).help;
  };
  EXPECT_NE(help("").find("recompute: true"), std::string::npos) << help("");
  EXPECT_EQ(help("recompute: true").find("recompute"), std::string::npos);
}

TEST(Recompute, OfTheTrainSectionLeavesTheSpecsName) {
  const TempFolder folder;
  const auto hash = [&](const char* option) {
    return spec_hash(open_text(folder, with(kTransformer, ""), {option}).spec);
  };
  EXPECT_EQ(hash("train.recompute=none"), hash("train.recompute=pointwise"));
}
}  // namespace
}  // namespace cambium::test::recompute_test
