// What the structure blocks mean: repeat, define, share, taps, parallel, ties, freezing, init.
#include <gtest/gtest.h>

#include "blocks/frozen.h"
#include "tests/support/block_case.h"
#include "tests/support/expect_error.h"

namespace cambium::structure_test {
namespace {
const Shape kVectors{3, 4};

BlockCase vectors(const std::string& yaml, const std::string& define = "") {
  return BlockCase(yaml, Domain::kVector, kVectors, {.define = define});
}

std::vector<std::string> parameter_names(BlockCase& c) {
  std::vector<std::string> names;
  for (Value p : c.parameters()) names.push_back(c.graph.node(p.node).scope.path);
  return names;
}

const ParameterInfo& info(BlockCase& c, const std::string& name) {
  return c.graph.node(c.graph.find(Role::kParameter, name).value()).parameter;
}

int count_ops(const BlockCase& c, std::string_view op) {
  int n = 0;
  for (const Node& node : c.graph.nodes()) n += node.kind() == op;
  return n;
}

using Names = std::vector<std::string>;

TEST(Repeat, NumbersItsCopies) {
  BlockCase c = vectors("- {repeat: 3, body: [{linear: {width: 4, bias: false}}]}");
  EXPECT_EQ(parameter_names(c),
            Names({"repeat.0.linear.weight", "repeat.1.linear.weight", "repeat.2.linear.weight"}));
}

TEST(Repeat, CyclesItsPattern) {
  BlockCase c =
      vectors("- {repeat: 5, pattern: AAB, A: {activation: tanh}, B: {activation: silu}}");
  EXPECT_EQ(count_ops(c, "tanh"), 4);
  EXPECT_EQ(count_ops(c, "silu"), 1);
}

TEST(Names, NumberRepeatedBlocksOfOneList) {
  BlockCase c = vectors(
      "- linear: {width: 4, bias: false}\n- linear: {width: 4, bias: false}\n"
      "- {linear: {width: 4, bias: false}, name: head}");
  EXPECT_EQ(parameter_names(c), Names({"linear.weight", "linear_2.weight", "head.weight"}));
}

TEST(Names, StayApartFromABlocksOwnParts) {
  BlockCase c = vectors("- {residual: [{norm: layer}], norm: layer}");
  EXPECT_EQ(parameter_names(c), Names({"residual.norm.gamma", "residual.norm.beta",
                                       "residual.norm_2.gamma", "residual.norm_2.beta"}));
}

TEST(Names, OfABranchMayBeThoseOfTheNormBehindIt) {
  BlockCase post = vectors("- {residual: [{norm: rms}], norm: layer, place: post}");
  EXPECT_EQ(parameter_names(post),
            Names({"residual.norm.gamma", "residual.norm_2.gamma", "residual.norm_2.beta"}));
  BlockCase sandwich =
      vectors("- {residual: [{norm: rms, name: norm_out}], norm: scale, place: sandwich}");
  EXPECT_EQ(parameter_names(sandwich),
            Names({"residual.norm.scale", "residual.norm_out.gamma", "residual.norm_out_2.scale"}));
}

TEST(Define, ReplacesParametersAtEachUse) {
  BlockCase c = vectors("- mlp: {width: 6}\n- mlp",
                        "mlp: {params: {width: 5}, body: [{linear: $width}, {linear: 4}]}");
  EXPECT_EQ(c.graph.type({*c.graph.find(Role::kParameter, "mlp.linear.weight"), 0}).shape,
            Shape({4, 6}));
  EXPECT_EQ(c.graph.type({*c.graph.find(Role::kParameter, "mlp_2.linear.weight"), 0}).shape,
            Shape({4, 5}));
}

TEST(Define, TakesItsFirstParameterPlainly) {
  BlockCase c =
      vectors("- wide: 7", "wide:\n  params: {width: }\n  body:\n    - linear: ${width * 2}");
  EXPECT_EQ(c.out.channels(), 14);
}

TEST(Define, MayUseAnotherDefinition) {
  BlockCase c = vectors("- outer", "inner: [{linear: 4}]\nouter: [inner, inner]");
  EXPECT_EQ(c.parameters().size(), 4u);
}

TEST(Share, UsesOneSetOfParameters) {
  BlockCase c = vectors("- {ffn: {expand: 2}, share: f}\n- {ffn: {expand: 2}, share: f}");
  EXPECT_EQ(c.parameters().size(), 4u);
  EXPECT_EQ(count_ops(c, "linear"), 4);
}

TEST(Share, SumsTheGradientsOfBothUses) {
  BlockCase c = vectors("- {linear: 4, share: f}\n- activation: tanh\n- {linear: 4, share: f}");
  EXPECT_LT(block_gradient_error(c, 1), 1e-6);
}

TEST(Share, ReachesIntoNestedBlocks) {
  BlockCase c = vectors("- {repeat: 4, body: {residual: [{ffn: 1}], norm: rms, share: layer}}");
  EXPECT_EQ(c.parameters().size(), 5u);
}

TEST(Freeze, MarksEveryParameterInside) {
  BlockCase c = vectors("- {residual: [{ffn: 1}], freeze: true}\n- linear: 4");
  EXPECT_TRUE(info(c, "residual.ffn.up.weight").frozen);
  EXPECT_FALSE(info(c, "linear.weight").frozen);
}

// A block is frozen by what it uses, whatever name that has.
TEST(Freeze, APartIsStillWhenAllThatItUsesIsFrozen) {
  const StillParts still(
      vectors("- {residual: [{norm: batch, share: n}, {ffn: 1, freeze: true}]}\n"
              "- {norm: batch, share: n}\n- {norm: layer, freeze: true}\n- dropout: 0.5\n"
              "- linear: 4")
          .graph);
  for (const char* path : {"residual.ffn", "residual.ffn.up", "norm_2", "norm_2.gamma"})
    EXPECT_TRUE(still(path)) << path;
  for (const char* path : {"residual", "residual.norm", "norm", "dropout", "linear"})
    EXPECT_FALSE(still(path)) << path;
  const StillParts shared(
      vectors("- {norm: batch, share: n, freeze: true}\n- {norm: batch, share: n, freeze: true}\n"
              "- linear: 4")
          .graph);
  EXPECT_TRUE(shared("norm"));
  EXPECT_TRUE(shared("norm_2"));
}

TEST(Decay, SparesNormsAndBiases) {
  BlockCase c = vectors("- norm: layer\n- linear: 4");
  EXPECT_FALSE(info(c, "norm.gamma").decay);
  EXPECT_FALSE(info(c, "norm.beta").decay);
  EXPECT_FALSE(info(c, "linear.bias").decay);
  EXPECT_TRUE(info(c, "linear.weight").decay);
}

TEST(Taps, FeedALaterBlock) {
  const BlockCase c = vectors("- {linear: 5, as: wide}\n- linear: 2\n- {linear: 3, from: wide}");
  const int id = *c.graph.find(Role::kParameter, "linear_3.weight");
  EXPECT_EQ(c.graph.type({id, 0}).shape, Shape({5, 3}));
}

TEST(Taps, JoinByConcatenation) {
  const BlockCase c = vectors("- tap: a\n- {linear: 5, as: b}\n- from: [a, b]");
  EXPECT_EQ(c.out.shape(), Shape({3, 9}));
}

TEST(Parallel, SumOfAStreamWithItselfDoublesIt) {
  const BlockCase c = vectors("- parallel: [[], []]");
  const BlockCase::Data leaves = c.data(1);
  const std::vector<double> y = c.run(leaves);
  for (size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], 2 * leaves.at("x").data[i]);
}

TEST(Parallel, RefusesBranchesOfDifferentStructure) {
  const auto refusal = [](const std::string& yaml) {
    return std::string(test::error_of([&] { BlockCase(yaml, Domain::kTokens, {2, 4, 3}); }).what());
  };
  EXPECT_EQ(
      refusal("- parallel: [[tokens_to_graph: full], [tokens_to_graph: {neighbours: window}]]"),
      "parallel 'parallel': branch 2 has other edges than branch 1");
  EXPECT_EQ(refusal("- {tokens_to_graph: full, as: a}\n- graph_to_tokens\n"
                    "- {tokens_to_graph: {neighbours: window}, as: b}\n- {from: [a, b]}"),
            "from 'from': tap 'b' has other edges than tap 'a'");
}

TEST(Parallel, GateWeightsAddUpToOne) {
  const BlockCase c = vectors("- {parallel: [[], []], combine: gate}");
  const BlockCase::Data leaves = c.data(1);
  const std::vector<double> y = c.run(leaves);
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], leaves.at("x").data[i], 1e-12);
}

TEST(Residual, AddsTheBranch) {
  const BlockCase c = vectors("- residual: [[]]");
  const BlockCase::Data leaves = c.data(1);
  EXPECT_EQ(c.run(leaves)[5], 2 * leaves.at("x").data[5]);
}

TEST(Tie, UsesTheEmbeddingsTable) {
  BlockCase c("- {embed: {dim: 4, vocab: 7}, name: tokens}\n- linear: {tie: tokens}", Domain::kIds,
              {2, 3});
  EXPECT_EQ(parameter_names(c), Names({"tokens.table"}));
  EXPECT_EQ(c.out.shape(), Shape({2, 3, 7}));
  EXPECT_LT(block_gradient_error(c, 1), 1e-6);
}

TEST(InitBlock, SetsWeightsUntilItsListEnds) {
  BlockCase c =
      vectors("- residual: [{init: {std: 0.3, residual_std: 0.1}}, {ffn: 1}]\n- linear: 4");
  EXPECT_EQ(info(c, "residual.ffn.up.weight").init, (Init{Init::kNormal, 0.3}));
  EXPECT_EQ(info(c, "residual.ffn.down.weight").init, (Init{Init::kNormal, 0.1}));
  EXPECT_EQ(info(c, "linear.weight").init, (Init{Init::kUniform, 0.5}));
}

TEST(BatchNorm, UpdatesItsRunningStatistics) {
  const BlockCase c = vectors("- norm: batch");
  ASSERT_EQ(c.graph.updates.size(), 2u);
  BlockCase::Data leaves = c.data(1);
  const Interpreted r = interpret(c.graph, [&](const Node& n) { return leaves.at(n.scope.path); });
  double mean = 0, var = 0;
  for (int64_t i = 0; i < 3; ++i) mean += leaves.at("x")[i * 4] / 3;
  for (int64_t i = 0; i < 3; ++i) var += std::pow(leaves.at("x")[i * 4] - mean, 2) / 2;
  EXPECT_NEAR(r.updates[0][0], 0.9 * leaves.at("norm.running_mean")[0] + 0.1 * mean, 1e-12);
  EXPECT_NEAR(r.updates[1][0], 0.9 * leaves.at("norm.running_var")[0] + 0.1 * var, 1e-12);
}

TEST(ResidualConv, KeepsAnIdentityShortcutWhereItCan) {
  BlockCase same("- residual_conv: 2", Domain::kGrid, {1, 4, 4, 2});
  BlockCase wider("- residual_conv: {width: 4, stride: 2}", Domain::kGrid, {1, 4, 4, 2});
  BlockCase padded("- residual_conv: {width: 4, stride: 2, shortcut: pad}", Domain::kGrid,
                   {1, 4, 4, 2});
  EXPECT_EQ(count_ops(same, "conv2d"), 2);
  EXPECT_EQ(count_ops(wider, "conv2d"), 3);
  EXPECT_EQ(count_ops(padded, "conv2d"), 2);
  EXPECT_EQ(wider.out.shape(), Shape({1, 2, 2, 4}));
}

TEST(ConvMixer, SeesTokensOfAPictureAsItsRowsAndColumns) {
  BlockCase c("- patch_embed: {patch: 2, dim: 3}\n- conv_mixer: 3", Domain::kGrid, {1, 6, 4, 1});
  const int id = *c.graph.find(Role::kParameter, "conv_mixer.depthwise.weight");
  EXPECT_EQ(c.graph.type({id, 0}).shape, Shape({3, 3, 1, 3}));
  EXPECT_EQ(c.out.rows, 3);
  EXPECT_EQ(c.out.columns, 2);
}

TEST(Repeat, TellsItsBodyTheNumberOfTheCopy) {
  const BlockCase c("- {repeat: 3, body: {attention: {causal: true, window: $layer}}}",
                    Domain::kTokens, {1, 5, 2});
  const Graph& g = c.graph;
  std::string windows;
  for (const Node& n : g.nodes())
    if (n.kind() == "attention") windows += n.attrs.text() + ";";
  EXPECT_NE(windows.find("window=1"), std::string::npos) << windows;
  EXPECT_NE(windows.find("window=2"), std::string::npos) << windows;
}

TEST(Repeat, WritesAPatternWithGroupsOut) {
  const BlockCase c(
      "- {repeat: {pattern: '(AB)x2C', A: {linear: 3}, B: {linear: 4}, C: {linear: 5}}}",
      Domain::kVector, {2, 6});
  EXPECT_EQ(c.out.channels(), 5);
  int64_t products = 0;
  for (const Node& n : c.graph.nodes()) products += n.kind() == "linear";
  EXPECT_EQ(products, 5);
}

}  // namespace
}  // namespace cambium::structure_test
