// Tests made from the samples of every registered block.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "blocks/frozen.h"
#include "graph/cost.h"
#include "places.h"
#include "tests/support/block_case.h"

namespace cambium::every_block_test {
namespace {
std::string name_of_use(const testing::TestParamInfo<BlockTrial>& info) {
  return str(info.param.block->name, "_", info.index);
}

BlockCase build(const BlockSample& s, bool training = true) {
  return BlockCase("- " + s.yaml, s.domain, s.shape, {.training = training});
}

class EveryBlock : public testing::TestWithParam<BlockTrial> {};

TEST_P(EveryBlock, GradientMatchesFiniteDifference) {
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    BlockCase c = build(GetParam().sample);
    EXPECT_LT(block_gradient_error(c, seed), 1e-6) << "seed " << seed;
  }
}

// Samples whose outermost block says that it keeps the shape.
class ShapeKeeper : public testing::TestWithParam<BlockTrial> {};

std::vector<BlockTrial> shape_keepers() {
  std::vector<BlockTrial> kept = block_trials();
  std::erase_if(kept, [](const BlockTrial& t) {
    return !t.block->keeps_shape || t.sample.yaml.find(t.block->name) > 1;
  });
  return kept;
}

INSTANTIATE_TEST_SUITE_P(Blocks, ShapeKeeper, testing::ValuesIn(shape_keepers()), name_of_use);

TEST_P(ShapeKeeper, KeepsItsShape) {
  const BlockCase c = build(GetParam().sample);
  EXPECT_EQ(c.out.domain, c.in.domain);
  EXPECT_EQ(c.out.shape(), c.in.shape());
}

TEST_P(EveryBlock, NamesParametersUnderItsPathWithMarks) {
  BlockCase c = build(GetParam().sample);
  for (Value p : c.parameters()) {
    const Scope& scope = c.graph.node(p.node).scope;
    EXPECT_NE(scope.path.find('.'), std::string::npos) << scope.path;
    EXPECT_EQ(scope.mark.file, "model.yaml") << scope.path;
  }
}

TEST_P(EveryBlock, EvaluationHasTheSameParametersAndNoRandomness) {
  BlockCase train = build(GetParam().sample), eval = build(GetParam().sample, false);
  EXPECT_FALSE(eval.graph.find(Role::kInput, "rng"));
  EXPECT_TRUE(eval.graph.updates.empty());
  ASSERT_EQ(train.parameters().size(), eval.parameters().size());
  for (Value p : train.parameters())
    EXPECT_TRUE(eval.graph.find(Role::kParameter, train.graph.node(p.node).scope.path));
  EXPECT_EQ(train.out.shape(), eval.out.shape());
}

StillParts all_frozen(const Graph& model) {
  Graph out(model.ops());
  for (const Node& n : model.nodes()) {
    std::vector<Value> in;
    for (const Port p : n.inputs) in.push_back(out.value(p));
    Node now = n;
    now.parameter.frozen = true;
    out.copy(now, std::move(in));
  }
  return StillParts(out);
}

// No dropout, no noise, no statistics of the batch, no limit of training alone, and what stands
// before it can learn through it. A block without parameters cannot be frozen.
TEST_P(EveryBlock, FrozenAsAWholeItTrainsAsItIsEvaluated) {
  const BlockSample& s = GetParam().sample;
  const BlockCase evaluated = build(s, false);
  const StillParts still = all_frozen(build(s).graph);
  if (still.empty()) return;
  BlockCase frozen("- " + s.yaml, s.domain, s.shape, {.still = still});
  EXPECT_FALSE(frozen.graph.find(Role::kInput, "rng"));
  EXPECT_TRUE(frozen.graph.updates.empty());
  const auto leaves = evaluated.data(3);
  const std::vector<double> is = frozen.run(leaves), wants = evaluated.run(leaves);
  ASSERT_EQ(is.size(), wants.size());
  for (size_t i = 0; i < is.size(); ++i)
    EXPECT_NEAR(is[i], wants[i], 1e-9 * (1 + std::abs(wants[i]))) << i;
  const bool statistics = std::ranges::any_of(frozen.graph.nodes(), [](const Node& n) {
    return n.role == Role::kState && n.scope.path.ends_with("running_var");
  });
  if (statistics) {
    EXPECT_LT(block_gradient_error(frozen, 1), 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Blocks, EveryBlock, testing::ValuesIn(block_trials()), name_of_use);

TEST(BlockTable, EveryBlockIsDocumentedAndSampled) {
  for (const Block* b : builtin_blocks()) {
    EXPECT_FALSE(b->doc.empty()) << b->name;
    EXPECT_FALSE(b->family.empty()) << b->name;
    EXPECT_FALSE(b->formula.empty()) << b->name;
    EXPECT_EQ(b->samples.empty(), b->name == "onnx") << b->name;  // which needs a file
    for (const FieldInfo& f : b->attrs.describe()) EXPECT_FALSE(f.doc.empty()) << b->name << f.name;
  }
}

std::string golden_text() {
  std::string out;
  for (const BlockTrial& u : block_trials()) {
    const BlockCase c = build(u.sample);
    const ScopeCost cost = total_cost(c.graph);
    out += str(u.sample.yaml, "\n  ", name_of(c.in.domain), " ", c.in.shape(), " -> ",
               name_of(c.out.domain), " ", c.out.shape(), ", ", cost.parameters, " parameters, ",
               int64_t(cost.forward_flops), " forward flops\n");
  }
  return out;
}

// CAMBIUM_UPDATE_GOLDEN=1 writes the file anew; look at the difference before committing it.
TEST(BlockTable, ParametersAndFlopsMatchTheGoldenFile) {
  const std::string path = CAMBIUM_SOURCE_DIR "/tests/golden/blocks.txt";
  const std::string now = golden_text();
  if (std::getenv("CAMBIUM_UPDATE_GOLDEN")) std::ofstream(path) << now;
  std::stringstream golden;
  golden << std::ifstream(path).rdbuf();
  EXPECT_EQ(golden.str(), now);
}
}  // namespace
}  // namespace cambium::every_block_test
