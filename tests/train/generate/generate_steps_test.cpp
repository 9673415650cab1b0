// Generation one symbol at a time with blocks that keep a running state: the same logits as over
// the whole text, for each of them, in two layers, also after the text is changed.
#include <cmath>

#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"
#include "train/generate/generate.h"

namespace cambium::generate_steps_test {
namespace {
struct StepCase {
  const char *name, *block;
};

constexpr StepCase kCases[] = {
    {"lstm", "lstm: {layers: 2}"},
    {"lstm_without_bias", "lstm: {bias: false}"},
    {"gru", "gru: {layers: 2}"},
    {"gru_without_bias", "gru: {bias: false}"},
    {"rnn", "rnn: 8"},
    {"rnn_relu", "rnn: {activation: relu}"},
    {"min_gru", "min_gru: 2"},
    {"min_gru_positive", "min_gru: {candidate: positive}"},
    {"rg_lru", "rg_lru: {expand: 2, blocks: 4}"},
    {"rg_lru_without_conv", "rg_lru: {conv: 0, gate: false}"},
    {"linear_attention", "linear_attention: {heads: 2, causal: true}"},
    {"linear_attention_plain",
     "linear_attention: {causal: true, feature_map: identity, normalise: false}"},
    {"taylor", "linear_attention: {heads: 2, causal: true, feature_map: taylor2, feature_dim: 3}"},
    {"performer", "performer: {heads: 2, causal: true}"},
    {"retention", "retention: 2"},
    {"retention_without_rope", "retention: {heads: 4, rope: false, gate: false}"},
    {"gated_linear_attention", "gated_linear_attention: 2"},
    {"delta_net", "delta_net: 2"},
    {"delta_net_gated", "delta_net: {heads: 2, gated: true, expand: 2}"},
    {"delta_net_bare", "delta_net: {conv: 0, beta: false, activation: none}"},
    {"mamba", "mamba: 4"},
    {"mamba_without_conv", "mamba: {state: 3, conv: 1, expand: 1.5}"},
    {"mamba2", "mamba2: {state: 5, head_dim: 4}"},
    {"mamba2_groups", "mamba2: {state: 3, head_dim: 2, groups: 2}"},
    {"rwkv", "rwkv: {expand: 2, place: 0.5}"},
    {"rwkv_ffn", "rwkv_ffn: 3"},
    {"s4d", "s4d: 4"},
    {"s4d_inverse", "s4d: {state: 6, start: inv, mix: linear}"},
    {"s4d_alone", "s4d: {state: 2, mix: none, dt_max: 1}"},
    {"hyena", "hyena: 2"},
    {"hyena_order", "hyena: {order: 4, bands: 3, filter_width: 6, filter_layers: 1}"},
    {"hyena_length", "hyena: {conv: 1, length: 30, filter_layers: 0}"},
    {"causal_conv", "causal_conv: {kernel: 3, dilation: 2, norm: layer, activation: silu}"},
    {"conv1d", "conv1d: {kernel: 4, padding: causal, groups: 2}"},
    {"depthwise_conv", "depthwise_conv: {kernel: 4, causal: true}"},
    {"separable_conv", "separable_conv: {kernel: 3, causal: true, between: true, norm: rms}"},
    {"gated_conv", "gated_conv: {kernel: 3, causal: true}"},
    {"conv_mixer", "conv_mixer: {kernel: 3, causal: true, norm: rms}"},
    {"convnext", "convnext: {kernel: 3, causal: true, layer_scale: 1}"},
    {"dilated_stack", "dilated_stack: 3"},
    {"top_k", "attention: {heads: 2, causal: true, kind: top_k, keep: 3, position: rope}"},
    {"top_k_capped",
     "attention: {heads: 4, kv_heads: 2, causal: true, kind: top_k, keep: 20, soft_cap: 1}"},
    {"block_sparse",
     "attention: {heads: 2, causal: true, kind: block_sparse, block: 2, near: 0, random: 1}"},
    {"block_sparse_alibi",
     "attention: {heads: 2, causal: true, kind: block_sparse, block: 3, near: 1, global: 0, "
     "random: "
     "1, position: alibi, sinks: true}"},
    {"block_sparse_t5",
     "attention: {heads: 2, causal: true, kind: block_sparse, block: 2, near: 0, global: 2, "
     "random: "
     "1, position: t5, buckets: 6, max_distance: 9, soft_cap: 2}"},
    {"window", "attention: {heads: 2, causal: true, window: 3, position: rope}"},
    {"window_of_one", "attention: {heads: 2, causal: true, window: 1}"},
    {"window_alibi",
     "attention: {heads: 4, kv_heads: 2, causal: true, window: 5, position: alibi, sinks: true}"},
    {"window_t5",
     "attention: {heads: 2, causal: true, window: 4, position: t5, buckets: 6, max_distance: 9}"},
    {"window_of_all", "attention: {heads: 2, causal: true, window: 12}"},
    {"hybrid", "parallel: [[{attention: {heads: 2, causal: true}}], [{mamba: 2}]]"},
};

void PrintTo(const StepCase& c, std::ostream* out) {
  *out << c.block;
}

class GeneratorSteps : public ::testing::TestWithParam<StepCase> {
 protected:
  // Untrained weights, some of which start at zero, are moved a little.
  GeneratorSteps()
      : experiment_(test::open_text(
            folder_, str("data: {markov_text: {symbols: 7, context: 12}}\nmodel:\n  - embed: 8\n",
                         "  - residual: [{norm: rms}, {", GetParam().block,
                         "}]\n  - residual: [{norm: rms}, {", GetParam().block,
                         "}]\n  - linear: $classes\ntrain: {batch: 4, steps: 3, optimizer: {adamw: "
                         "{lr: 0.1}}}\n"))) {
    Progress silent;
    run_training(experiment_, {.folder = folder_.path("run")}, silent);
    const auto weights = load_weights(folder_.path("run"), true).tensors;
    steps_ = std::make_unique<Generator>(experiment_, weights, "run");
    whole_ = std::make_unique<Generator>(experiment_, weights, "run", false);
  }

  void expect_same(std::span<const int32_t> symbols) {
    const auto a = steps_->logits_after(symbols), b = whole_->logits_after(symbols);
    for (size_t k = 0; k < a.size(); ++k)
      EXPECT_NEAR(a[k], b[k], 1e-4 * std::max(1.0f, std::abs(b[k]))) << symbols.size();
  }

  const test::OneThread one_thread_;
  const test::TempFolder folder_;
  Experiment experiment_;
  std::unique_ptr<Generator> steps_, whole_;
};

TEST_P(GeneratorSteps, GiveTheLogitsOfTheWholeText) {
  ASSERT_TRUE(steps_->cached());
  std::vector<int32_t> ids;
  for (int32_t t = 0; t < 14; ++t) {  // past the context, too
    ids.push_back(t * t % 7);
    expect_same(ids);
  }
}

TEST_P(GeneratorSteps, BeginAgainWhenTheTextChanges) {
  const std::vector<int32_t> first = {1, 2, 3, 4}, second = {1, 2, 5}, third = {1, 2};
  expect_same(first);
  expect_same(second);
  expect_same(third);
  expect_same(third);
}

INSTANTIATE_TEST_SUITE_P(Blocks, GeneratorSteps, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(GeneratorWithoutSteps, ABidirectionalWalkNeedsTheWholeText) {
  const test::TempFolder folder;
  const Experiment e =
      test::open_text(folder,
                      "data: {markov_text: {symbols: 3, context: 4}}\nmodel: [{embed: 4}, {gru: "
                      "{bidirectional: true}}, {linear: $classes}]\n"
                      "train: {batch: 4, steps: 1, allow_leaks: true}\n");
  Progress silent;
  run_training(e, {.folder = folder.path("run")}, silent);
  EXPECT_FALSE(Generator(e, load_weights(folder.path("run"), true).tensors, "run").cached());
}
}  // namespace
}  // namespace cambium::generate_steps_test
