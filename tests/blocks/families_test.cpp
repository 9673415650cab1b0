#include "blocks/compose/families.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "blocks/compose/model.h"
#include "ops/ops.h"

namespace cambium::families_test {
namespace {
std::string families(const std::string& model, const std::string& define = "") {
  const Yaml root = parse_yaml(str("model: ", model, "\n", define), "spec.yaml");
  Graph g(builtin_ops());
  const Vars vars;
  Builder b(g, vars, false);
  const InputShape tokens{Domain::kTokens, {{"x", {DType::kF32, Shape{2, 8, 4}}}}};
  build_model(b, *root.find("model"), root.find("define"), build_input(g, tokens));
  return families_text(g, root);
}

TEST(Families, AreThoseOfTheBlocksNotOfTheirOperators) {
  EXPECT_EQ(families("[{mamba: {}}]"), "state space");  // it holds a convolution
  EXPECT_EQ(families("[{attention: 2}]"), "transformer");
  EXPECT_EQ(families("[{conv1d: {width: 4}}, {attention: 2}]"), "conv + transformer");
  EXPECT_EQ(families("[{norm: rms}, {ffn: {expand: 2}}, positions, {linear: 3}]"), "dense");
}

TEST(Families, OfUnusedLettersAndDefinitionsDoNotCount) {
  EXPECT_EQ(families("[{repeat: 2, pattern: A, A: {residual: [{attention: 2}]}, "
                     "C: {conv1d: {width: 4}}}]"),
            "transformer");
  EXPECT_EQ(families("[mix]", "define: {mix: [{gru: 4}], other: [{attention: 2}]}"), "recurrence");
}

// Every block that has a sample on tokens, a grid or a graph: what it emits is found again.
TEST(Families, EveryBlockIsFoundByItsPlace) {
  int found = 0;
  for (const Block* block : builtin_blocks())
    for (const BlockSample& sample : block->samples) {
      if (sample.domain != Domain::kTokens) continue;
      const Yaml root = parse_yaml(str("model:\n  - ", sample.yaml), "spec.yaml");
      Graph g(builtin_ops());
      const Vars vars;
      Builder b(g, vars, false);
      const InputShape in{Domain::kTokens, {{"x", {DType::kF32, sample.shape}}}};
      build_model(b, *root.find("model"), nullptr, build_input(g, in));
      const std::vector<const Block*> blocks = blocks_of(g, root);
      for (size_t id = 0; id < blocks.size(); ++id)
        if (g.nodes()[id].op) {
          EXPECT_NE(blocks[id], nullptr) << block->name;
        }
      found += std::ranges::count(blocks, block) > 0;
      break;
    }
  EXPECT_GE(found, 30);
}
}  // namespace
}  // namespace cambium::families_test
