#include "viz/model/domains.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "blocks/compose/model.h"
#include "ops/ops.h"

namespace cambium::domains_test {
namespace {
// Every block that works on tokens alone: no operator inside is drawn as one of another domain,
// though some are convolutions over a grid of one column.
TEST(Domains, OfABlockOfTokensAreTokens) {
  int blocks = 0;
  for (const Block* block : builtin_blocks()) {
    if (!mixes_places(*block) || block->accepts != std::vector{Domain::kTokens}) continue;
    for (const BlockSample& sample : block->samples) {
      if (sample.domain != Domain::kTokens || !sample.yaml.starts_with(block->name)) continue;
      const Yaml root = parse_yaml(str("model:\n  - ", sample.yaml), "spec.yaml");
      Graph g(builtin_ops());
      const Vars vars;
      Builder b(g, vars, false);
      const InputShape in{Domain::kTokens, {{"x", {DType::kF32, sample.shape}}}};
      build_model(b, *root.find("model"), nullptr, build_input(g, in));
      const std::vector<const Block*> by = blocks_of(g, root);
      const std::vector<Domain> domains = domains_of(g, by);
      for (size_t id = 0; id < by.size(); ++id)
        if (by[id] == block && g.node(int(id)).op->name.starts_with("conv")) {
          EXPECT_EQ(domains[id], Domain::kTokens) << sample.yaml;
        }
      ++blocks;
      break;
    }
  }
  EXPECT_GE(blocks, 15);
}
}  // namespace
}  // namespace cambium::domains_test
