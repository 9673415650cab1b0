// precision: bf16 changes what products read, and nothing else.
#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "tests/support/machine/needs_bf16.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/pipeline.h"
#include "train/graphs/plans.h"
#include "train/graphs/step_graph.h"

namespace cambium::test::precision_test {
namespace {
constexpr const char* kModel =
    "data: {in_context_recall: {vocab: 16, length: 32, train: 64, val: 32, test: 32}}\n"
    "model:\n"
    "  - embed: 64\n"
    "  - residual: [{norm: layer}, {attention: {heads: 2, causal: true}}]\n"
    "  - residual: [{norm: layer}, {ffn: {expand: 2, activation: gelu}}]\n"
    "  - linear: $classes\n"
    "train: {optimizer: {adamw: {lr: 3e-3}}, batch: 16, steps: 30}\n";

int64_t count_ops(const Graph& g, std::string_view name) {
  return std::ranges::count_if(g.nodes(),
                               [&](const Node& n) { return n.op && n.op->name == name; });
}

constexpr const char* kConvolutions =
    "data: {random_images: {height: 12, width: 12, channels: 3, classes: 4, train: 64, val: 16, "
    "test: 16}}\n"
    "model:\n"
    "  - conv2d: {width: 32, kernel: 3, norm: batch, activation: relu}\n"
    "  - residual_conv: 32\n"
    "  - residual_conv: {width: 48, stride: 2}\n"
    "  - pool\n"
    "  - linear: $classes\n"
    "train: {optimizer: {sgd: {lr: 0.05, momentum: 0.9}}, batch: 16, steps: 12}\n";

std::vector<double> losses(const char* model, const std::string& precision) {
  const TempFolder folder;
  const Experiment e = open_text(folder, model, {"precision=" + precision});
  Remember seen;
  run_training(e, {.folder = folder.path("run")}, seen);
  return seen.losses;
}

TEST(Precision, F32PlacesNoCast) {
  const TempFolder folder;
  const Experiment e = open_text(folder, kModel);
  EXPECT_EQ(count_ops(optimised(e, step_of(e)), "cast"), 0);
}

TEST(Precision, Bf16FeedsEveryLargeProduct) {
  CAMBIUM_NEEDS_BF16;
  const TempFolder folder;
  const Experiment e = open_text(folder, kModel, {"precision=bf16"});
  const Graph g = optimised(e, step_of(e));
  for (const Node& n : g.nodes())
    if (n.op && n.op->name == "linear") {
      EXPECT_EQ(g.type(n.inputs[0]).dtype, DType::kBf16) << n.scope.path;
    }
}

// What only pointwise ops read leaves the product in 16 bits; attention and the residual stream
// are f32.
TEST(Precision, Bf16ProductsPassOnToPointwiseOpsIn16Bits) {
  CAMBIUM_NEEDS_BF16;
  const TempFolder folder;
  const Experiment e = open_text(folder, kModel, {"precision=bf16"});
  const Graph g = optimised(e, step_of(e));
  std::set<std::string> narrow, wide;
  for (const Node& n : g.nodes())
    if (n.op && n.op->name == "linear")
      (n.outputs[0].dtype == DType::kBf16 ? narrow : wide).insert(n.scope.path);
  EXPECT_EQ(narrow, (std::set<std::string>{"residual_2.ffn.up"}));
  EXPECT_GE(wide.size(), 5u);
}

// Muon multiplies matrices; the optimizer is f32 all the same.
TEST(Precision, Bf16LeavesTheUpdateAlone) {
  CAMBIUM_NEEDS_BF16;
  const TempFolder folder;
  const Experiment e =
      open_text(folder, kModel, {"precision=bf16", "train.optimizer={muon: {head: muon}}"});
  const Graph g = optimised(e, step_of(e));
  int products = 0;
  for (const Node& n : g.nodes())
    if (n.op && n.op->name == "matmul" && n.scope.phase == Phase::kUpdate) {
      EXPECT_EQ(g.type(n.inputs[0]).dtype, DType::kF32);
      ++products;
    }
  EXPECT_GT(products, 0);
}

void expect_like_f32(const char* model) {
  const std::vector<double> exact = losses(model, "f32"), rounded = losses(model, "bf16");
  ASSERT_EQ(exact.size(), rounded.size());
  EXPECT_NE(exact, rounded) << "nothing was rounded";
  for (size_t i = 0; i < exact.size(); ++i) EXPECT_NEAR(exact[i], rounded[i], 0.02 * exact[i]);
}

constexpr const char* kExperts =
    "data: {in_context_recall: {vocab: 16, length: 32, train: 64, val: 32, test: 32}}\n"
    "model:\n"
    "  - embed: 64\n"
    "  - residual: [{norm: layer}, {moe: {experts: 4, top_k: 2, expand: 2}}]\n"
    "  - linear: $classes\n"
    "train: {optimizer: {adamw: {lr: 3e-3}}, batch: 16, steps: 30}\n";

TEST(Precision, Bf16FeedsTheExpertsOfAMixtureAndTheyLearnLikeF32) {
  CAMBIUM_NEEDS_BF16;
  const TempFolder folder;
  const Experiment e = open_text(folder, kExperts, {"precision=bf16"});
  const Graph g = optimised(e, step_of(e));
  std::map<std::string_view, int> products;
  for (const Node& n : g.nodes()) {
    if (!n.op || !n.op->name.starts_with("grouped_linear")) continue;
    ++products[n.op->name];
    EXPECT_EQ(g.type(n.inputs[0]).dtype, DType::kBf16) << n.scope.path;
    EXPECT_EQ(g.type(n.inputs[1]).dtype, DType::kBf16) << n.scope.path;
    EXPECT_EQ(n.outputs[0].dtype, DType::kF32) << n.scope.path;
  }
  EXPECT_EQ(products["grouped_linear"], 4);  // up and down, and the way back through both
  EXPECT_EQ(products["grouped_linear_grad_weights"], 2);
  expect_like_f32(kExperts);
}

TEST(Precision, Bf16CastsAValueOnce) {
  CAMBIUM_NEEDS_BF16;
  const TempFolder folder;
  const Experiment e = open_text(folder, kModel, {"precision=bf16"});
  const Graph g = optimised(e, step_of(e));
  std::set<Port> cast;
  for (const Node& n : g.nodes())
    if (n.op && n.op->name == "cast") {
      EXPECT_TRUE(cast.insert(n.inputs[0]).second) << n.scope.path;
    }
  EXPECT_GT(cast.size(), 10u);
}

TEST(Precision, Bf16LearnsLikeF32) {
  CAMBIUM_NEEDS_BF16;
  expect_like_f32(kModel);
}

TEST(Precision, ConvolutionsAndTheirNormsPassBf16OnAndLearnLikeF32) {
  CAMBIUM_NEEDS_BF16;
  const TempFolder folder;
  const Experiment e = open_text(folder, kConvolutions, {"precision=bf16"});
  const Graph g = optimised(e, step_of(e));
  std::map<std::string_view, int> narrow;
  for (const Node& n : g.nodes()) {
    if (!n.op) continue;
    narrow[n.op->name] += n.outputs[0].dtype == DType::kBf16;
    for (size_t o = 1; o < n.outputs.size(); ++o)
      EXPECT_EQ(n.outputs[o].dtype, DType::kF32) << n.scope.path;
    if (n.op->name == "cast") {
      EXPECT_EQ(g.type(n.inputs[0]).dtype, DType::kF32) << n.scope.path;
    }
  }
  for (const char* op : {"conv2d", "conv2d_grad_input", "batch_norm", "batch_norm_grad"})
    EXPECT_GE(narrow[op], 2) << op;
  EXPECT_EQ(narrow["add"], 0) << "a sum is written by its chain's cast";
  expect_like_f32(kConvolutions);
}
}  // namespace
}  // namespace cambium::test::precision_test
