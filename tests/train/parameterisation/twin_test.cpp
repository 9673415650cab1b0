// Whether wide networks train as narrow ones do, by networks made of copies (twin.h).
#include "tests/train/parameterisation/twin.h"

#include <cmath>

namespace cambium::twin_test {
namespace {
using test::open_text;
using test::TempFolder;
using test::Twin;

constexpr const char* kText =
    "data: {markov_text: {symbols: 6, order: 1, context: 8, train: 64, val: 16, test: 16}}\n";
constexpr const char* kPictures =
    "data: {bars_and_shapes: {size: 12, train: 32, val: 8, test: 8}}\n";
constexpr const char* kGraphs =
    "data: {subgraph_counts: {nodes: 6, train: 32, val: 8, test: 8, features: 3, kind: random}}\n";

constexpr const char* kAdamW = "{adamw: {lr: 0.01, eps: 1e-30, weight_decay: 0.5}}";
constexpr const char* kSgd = "{sgd: {lr: 0.05, momentum: 0.5, weight_decay: 0.1}}";
// An eps as large as the gradients: a rule that forgets it shows.
constexpr const char* kLargeEps = "{adamw: {lr: 0.01, eps: 1e-2, weight_decay: 0.5}}";

std::string spec(const std::string& data, const std::string& model, int64_t dim,
                 const std::string& rule, const std::string& optimizer) {
  return str(
      "vars: {dim: ", dim, "}\n", data, "model:\n", model,
      rule == "standard" ? "" : str("parameterisation: {", rule, ": {base: {vars.dim: 4}}}\n"),
      "train: {batch: 16, steps: 8, optimizer: ", optimizer, "}\n");
}

// The largest relative difference of losses over 8 steps of a network and its copy, 3 times as
// wide; and, so that a loss that never moves shows nothing, how far the loss went.
struct Apart {
  double most = 0, moved = 0;
};

Apart apart(const std::string& data, const std::string& model, const std::string& rule,
            const std::string& optimizer) {
  const TempFolder folder;
  Twin narrow(open_text(folder, spec(data, model, 4, rule, optimizer)));
  Twin wide(open_text(folder, spec(data, model, 12, rule, optimizer)));
  wide.become(narrow);
  Apart out;
  double first = 0;
  const auto& choice = narrow.experiment().train.optimizer;
  const double lr = choice.record->peak_lr(choice.attrs);
  for (int i = 0; i < 8; ++i) {
    const double a = narrow.step(lr), b = wide.step(lr);
    if (i == 0) first = a;
    out.most = std::max(out.most, std::abs(a - b) / std::abs(a));
    out.moved = std::max(out.moved, std::abs(a - first) / std::abs(first));
  }
  return out;
}

void expect_twins(const std::string& data, const std::string& model, const std::string& rule,
                  const std::string& optimizer, double tolerance = 2e-4) {
  const Apart a = apart(data, model, rule, optimizer);
  EXPECT_LE(a.most, tolerance) << rule << " " << optimizer << "\n" << model;
  EXPECT_GE(a.moved, 20 * tolerance) << rule << " " << optimizer << "\n" << model;
}

constexpr const char* kTransformer =
    "  - embed: {dim: $dim, std: 0.5}\n"
    "  - positions: learned\n"
    "  - residual: [{norm: layer}, {attention: {heads: 2, causal: true}}]\n"
    "  - residual: [{norm: rms}, {ffn: {expand: 2, activation: swiglu}}]\n"
    "  - norm: layer\n"
    "  - linear: $classes\n";

TEST(Twin, TransformersTrainAlikeAtEveryWidth) {
  for (const char* rule : {"mup", "completep"}) expect_twins(kText, kTransformer, rule, kAdamW);
  expect_twins(kText, kTransformer, "mup", kSgd);
  expect_twins(kText, kTransformer, "completep", kLargeEps);
}

TEST(Twin, TheStandardFormDoesNot) {
  EXPECT_GE(apart(kText, kTransformer, "standard", kAdamW).most, 0.02);
  EXPECT_GE(apart(kText, kTransformer, "standard", kSgd).most, 0.02);
}

// muP of the paper leaves eps alone.
TEST(Twin, MupKnowsNoLargeEps) {
  EXPECT_GE(apart(kText, kTransformer, "mup", kLargeEps).most, 2e-3);
}

TEST(Twin, TiedHeadsTrainAlike) {
  const std::string model =
      "  - {embed: {dim: $dim, std: 0.5, scale: true}, name: words}\n"
      "  - residual: [{norm: l2}, {ffn: 2}]\n"
      "  - norm: scale\n"
      "  - linear: {tie: words}\n";
  expect_twins(kText, model, "mup", kAdamW);
  expect_twins(kText, model, "mup", kSgd);
  expect_twins(kText, model, "completep", kLargeEps);
}

// Each behind an embedding and before a head.
TEST(Twin, TokenBlocksTrainAlike) {
  const char* const blocks[] = {
      "attention: {heads: 1, causal: true, qk_norm: true, gate: true}",
      "attention: {heads: 2, kv_heads: 1, causal: true, position: alibi, sinks: true}",
      "attention: {heads: 2, causal: true, position: t5}",
      "attention: {heads: 1, causal: true, kind: top_k, keep: 3}",
      "attention: {heads: 2, head_dim: 3, value_dim: 2, causal: true}",
      "latent_attention: {heads: 1, position: none, causal: true}",
      "latent_attention: {heads: 2, q_rank: 3, kv_rank: 5, key_dim: 3, rope_dim: 2, causal: true}",
      "moe: {experts: 3, top_k: 2, expand: 2}",
      "conv1d: {width: $dim, kernel: 3, padding: causal}",
      "gated_conv: {kernel: 3, causal: true}",
      "conv_mixer: {kernel: 3, causal: true, norm: layer, activation: prelu}",
      "dilated_stack: {layers: 2}",
      "rnn: {width: $dim}",
      "gru: {width: $dim}",
      "lstm: {width: $dim}",
      "min_gru:",
      "affine: 0.5",
      "parallel: {branches: [[{linear: $dim}], []], combine: gate}",
      "parallel: {branches: [[{linear: $dim}, {scale: 0.5}], [{linear: $dim}]], combine: product}",
      "split: {branches: [[{linear: \"${dim / 2}\"}], []], chain: true}"};
  for (const char* block : blocks)
    for (const char* optimizer : {kAdamW, kSgd})
      expect_twins(kText,
                   str("  - embed: {dim: $dim, std: 0.5}\n  - residual: [{", block,
                       "}]\n  - linear: $classes\n"),
                   "mup", optimizer, 5e-4);
}

TEST(Twin, ConvolutionsTrainAlike) {
  const char* const blocks[] = {"conv2d: {width: $dim, kernel: 3}",
                                "depthwise_conv: {kernel: 3}",
                                "separable_conv: {width: $dim, kernel: 3}",
                                "residual_conv: {width: \"${2*dim}\", stride: 2}",
                                "residual_conv: {kind: bottleneck, reduction: 1, groups: 2}",
                                "inverted_residual: {expand: 2, squeeze: 0, norm: layer}",
                                "convnext: {kernel: 3, layer_scale: 0.5}",
                                "squeeze_excite: {ratio: 0.5}"};
  for (const char* block : blocks)
    for (const char* optimizer : {kAdamW, kSgd})
      expect_twins(kPictures,
                   str("  - conv2d: {width: $dim, kernel: 3, stride: 2}\n  - activation: relu\n",
                       "  - {", block, "}\n  - pool: mean\n  - linear: $classes\n"),
                   "mup", optimizer, 1e-3);
  expect_twins(kPictures,
               "  - patch_embed: {patch: 4, dim: $dim}\n  - class_token: {std: 0.5}\n"
               "  - residual: [{attention: 2}]\n  - flatten:\n  - linear: $dim\n"
               "  - activation: gelu\n  - linear: $classes\n",
               "mup", kAdamW, 1e-3);
}

TEST(Twin, WordsForTokensTrainAlike) {
  for (const char* block :
       {"  - residual: [{transpose: [{ffn: {width: 6, activation: gelu}}]}]\n",
        "  - latents: {count: 2, std: 0.5}\n  - residual: [{attention: 2}]\n  - drop_latents\n",
        "  - {tap: seen}\n  - latents: {count: 3, width: $dim, place: alone, std: 0.5}\n"
        "  - residual: [{cross_attention: {context: seen, heads: 2}}]\n",
        "  - residual: [{bidirectional: [{min_gru: }], weights: shared}]\n"})
    for (const char* optimizer : {kAdamW, kSgd})
      expect_twins(kPictures,
                   str("  - patch_embed: {patch: 4, dim: $dim}\n", block,
                       "  - pool: mean\n  - linear: $dim\n  - activation: gelu\n"
                       "  - linear: $classes\n"),
                   "mup", optimizer, 1e-3);
}

TEST(Twin, GraphNetworksTrainAlike) {
  const char* const blocks[] = {"gcn: {width: $dim}",
                                "distance_attention: {heads: 1, max_distance: 2}",
                                "degree_embedding: 4",
                                "gin: {width: $dim, norm: layer}",
                                "graph_sage: {width: $dim}",
                                "gat: {width: \"${dim / 2}\", heads: 2}",
                                "gatv2: {width: \"${dim / 2}\", heads: 2}",
                                "mpnn: {width: $dim}",
                                "gated_gcn: {width: $dim}",
                                "pna: {width: $dim}",
                                "cheb: {width: $dim}",
                                "graph_transformer: {heads: 2}",
                                "gps: {heads: 2, norm: layer}"};
  for (const char* block : blocks)
    for (const char* optimizer : {kAdamW, kSgd})
      expect_twins(kGraphs,
                   str("  - linear: $dim\n  - {", block,
                       "}\n  - activation: silu\n  - pool: mean\n  - linear: $outputs\n"),
                   "mup", optimizer, 1e-3);
}
}  // namespace
}  // namespace cambium::twin_test
