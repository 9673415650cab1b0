#include "viz/model/model_picture.h"

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "graph/cost.h"
#include "places.h"
#include "tests/viz/toy_model.h"
#include "viz/model/dot.h"

namespace cambium::model_picture_test {
namespace {
const Box* find(const ModelPicture& m, std::string_view label) {
  const auto it = std::ranges::find(m.boxes, label, &Box::label);
  return it == m.boxes.end() ? nullptr : &*it;
}

int64_t leaf_parameters(const ModelPicture& m, int id) {
  const Box& b = m.boxes[size_t(id)];
  if (b.children.empty()) return b.repeat * b.parameters;
  int64_t sum = 0;
  for (int child : b.children) sum += leaf_parameters(m, child);
  return b.repeat * sum;
}

double leaf_flops(const ModelPicture& m, int id) {
  const Box& b = m.boxes[size_t(id)];
  if (b.children.empty()) return b.repeat * b.flops;
  double sum = 0;
  for (int child : b.children) sum += leaf_flops(m, child);
  return b.repeat * sum;
}

TEST(ModelPicture, SaysWhatIsTrainedWhereNotEverythingIs) {
  ModelPicture m;
  m.boxes.push_back({.parameters = 100});
  EXPECT_EQ(numbers_text(m, m.boxes[0]), "100 parameters");
  m.boxes[0].frozen = 90;
  EXPECT_EQ(numbers_text(m, m.boxes[0]), "100 parameters, 10 of them trained");
  m.boxes[0].frozen = 100;
  EXPECT_EQ(numbers_text(m, m.boxes[0]), "100 parameters, frozen");
}

TEST(ModelPicture, TotalsEqualTheSumOfLeavesAtEveryDepth) {
  const Graph g = toy::hybrid();
  const ScopeCost cost = total_cost(g);
  for (int64_t depth : {1, 2, 3, 9}) {
    const ModelPicture m = model_picture(g, "hybrid", {.depth = depth});
    EXPECT_EQ(leaf_parameters(m, 0), cost.parameters) << depth;
    EXPECT_DOUBLE_EQ(leaf_flops(m, 0), cost.forward_flops) << depth;
  }
}

TEST(ModelPicture, FoldsEqualNeighboursIntoOneBox) {
  const ModelPicture m = model_picture(toy::hybrid(12), "m");
  const Box* repeat = find(m, "repeat");
  ASSERT_TRUE(repeat);
  EXPECT_EQ(repeat->repeat, 12);
  EXPECT_TRUE(repeat->chained);
  EXPECT_EQ(repeat->parameters, 4 * 32 * 32);
}

TEST(ModelPicture, DoesNotFoldBlocksOfOtherAttributesOrShapes) {
  toy::Net n;
  Value x = n.g.input("x", {DType::kF32, {8, 28, 28, 16}});
  x = n.conv_block("repeat.0", x, 16);
  x = n.conv_block("repeat.1", x, 16, 2);
  x = n.conv_block("repeat.2", x, 16);
  const ModelPicture m = model_picture(n.g, "m");
  for (const Box& b : m.boxes) EXPECT_EQ(b.repeat, 1) << b.path;
}

TEST(ModelPicture, FoldsAPatternAsAWholeAndInside) {
  toy::Net n;
  Value x = n.g.input("x", {DType::kF32, {8, 49, 32}});
  for (int i = 0; i < 9; ++i) {
    const std::string path = str("repeat.", i);
    x = i % 3 < 2 ? n.dense(path, x, 32) : n.attention_block(path, x);
  }
  const ModelPicture m = model_picture(n.g, "m");
  ASSERT_TRUE(find(m, "repeat"));
  EXPECT_EQ(find(m, "repeat")->repeat, 3);
  ASSERT_TRUE(find(m, "repeat.0..1"));
  EXPECT_EQ(find(m, "repeat.0..1")->repeat, 2);
}

TEST(ModelPicture, ParallelCopiesAreNotDrawnAsAChain) {
  toy::Net n;
  const Value x = n.g.input("x", {DType::kF32, {8, 49, 32}});
  const Value a = n.conv_block("stem", n.g.input("image", {DType::kF32, {8, 28, 28, 1}}), 4);
  const Value left = n.dense("parallel.0", x, 32), right = n.dense("parallel.1", x, 32);
  n.in("sum", [&] { return n.g.emit("add", {left, right}); });
  n.in("side", [&] { return n.g.emit("relu", {a}); });
  const ModelPicture m = model_picture(n.g, "m");
  ASSERT_TRUE(find(m, "parallel"));
  EXPECT_EQ(find(m, "parallel")->repeat, 2);
  EXPECT_FALSE(find(m, "parallel")->chained);
}

TEST(ModelPicture, SharedWeightsCountOnceAndStopAFold) {
  toy::Net n;
  Value x = n.g.input("x", {DType::kF32, {8, 49, 32}});
  const Value w = n.weight("shared", {32, 32});
  for (int i = 0; i < 3; ++i)
    x = n.in(str("repeat.", i), [&] { return n.g.emit("linear", {x, w}); });
  const ModelPicture m = model_picture(n.g, "m");
  EXPECT_EQ(m.boxes[0].parameters, 32 * 32);
  EXPECT_EQ(leaf_parameters(m, 0), 32 * 32);
}

TEST(ModelPicture, MarksResidualAndAdjacencyAndStateArrows) {
  toy::Net n;
  const Value x = n.g.input("x", {DType::kF32, {40, 32}});
  const Value adjacency = n.g.input("adjacency", {DType::kAdjacency, {40, 40, 100}});
  const Value mean = n.g.state("norm.mean", {DType::kF32, {40, 32}});
  const Value y = n.in("gcn", [&] { return n.g.emit("spmm", {adjacency, n.dense("gcn", x, 32)}); });
  const Value z = n.in("norm", [&] { return n.g.emit("layer_norm", {y}); });
  n.in("sum", [&] { return n.g.emit("add", {y, z}); });
  n.g.updates.push_back({mean.node, port_of(n.in("norm", [&] {
                           return n.g.emit("lerp", {mean, y});
                         }))});
  const ModelPicture m = model_picture(n.g, "m");
  const auto count = [&](ArrowKind k) { return std::ranges::count(m.arrows, k, &Arrow::kind); };
  EXPECT_EQ(count(ArrowKind::kResidual), 1);
  EXPECT_EQ(count(ArrowKind::kAdjacency), 1);
  EXPECT_EQ(count(ArrowKind::kState), 1);
  EXPECT_FALSE(find(m, "lerp")) << "keeping running statistics is not architecture";
}

TEST(ModelPicture, NamesWhatAnAdapterDoes) {
  const ModelPicture m = model_picture(toy::hybrid(), "m");
  ASSERT_TRUE(find(m, "patch_embed"));
  EXPECT_EQ(find(m, "patch_embed")->tint, Tint::kAdapter);
  EXPECT_EQ(find(m, "patch_embed")->detail,
            "28\xC3\x97"
            "28 grid \xE2\x86\x92 49 tokens");
  EXPECT_EQ(find(m, "pool")->tint, Tint::kAdapter);
  EXPECT_EQ(find(m, "repeat")->tint, Tint::kTokens);
}

TEST(ModelPicture, AConvolutionOverTokensIsNoAdapter) {
  toy::Net n;
  Value x = n.g.input("x", {DType::kF32, {8, 49, 32}});
  x = n.dense("embed", x, 32);
  n.in("conv_mixer", [&] {
    const Value w = n.weight("w", {3, 3, 32, 32});
    return n.heads(n.g.emit("conv2d", {n.heads(x, {8, 7, 7, 32}), w}), {8, 49, 32});
  });
  const ModelPicture m = model_picture(n.g, "m");
  ASSERT_TRUE(find(m, "conv_mixer"));
  EXPECT_NE(find(m, "conv_mixer")->tint, Tint::kAdapter);
}

TEST(ModelPicture, AutomaticDepthKeepsTheBoxLimit) {
  toy::Net n;
  Value x = n.g.input("x", {DType::kF32, {8, 49, 32}});
  for (int i = 0; i < 1000; ++i) x = n.dense(str("layer", i, "x"), x, 32 + i % 7);
  const ModelPicture m = model_picture(n.g, "m");
  EXPECT_LE(m.boxes.size(), 220u);
  EXPECT_EQ(leaf_parameters(m, 0), total_cost(n.g).parameters);
}

TEST(ModelPicture, CollapsesToTheAskedDepth) {
  const ModelPicture m = model_picture(toy::hybrid(), "m", {.depth = 1});
  for (size_t i = 1; i < m.boxes.size(); ++i) EXPECT_TRUE(m.boxes[i].children.empty());
  EXPECT_EQ(m.boxes[0].children.size(), 7u);  // x stem patch_embed repeat pool head logits
}

TEST(ModelPicture, MatchesTheGoldenDotAndOutline) {
  const ModelPicture m = model_picture(toy::hybrid(), "hybrid");
  const std::string path = std::string(CAMBIUM_SOURCE_DIR) + "/tests/golden/hybrid_picture.txt";
  const std::string now = outline(m) + "\n" + to_dot(m);
  if (std::getenv("CAMBIUM_UPDATE_GOLDEN")) replace_file(path, now);
  EXPECT_EQ(read_file(path), now) << "set CAMBIUM_UPDATE_GOLDEN=1 to accept";
}
}  // namespace
}  // namespace cambium::model_picture_test
