// Absurd sizes of every whole-number option of every block: refused with a place, or built at once.
#include <gtest/gtest.h>

#include "graph/cost.h"
#include "graph/run/buffers.h"
#include "tests/support/block_case.h"
#include "tests/support/expect_error.h"
#include "tests/support/spent.h"
#include "tests/support/yaml_edit.h"

namespace cambium::sizes_test {
namespace {
struct SizedOption {
  const Block* block;
  std::string option;
};

void PrintTo(const SizedOption& o, std::ostream* out) {
  *out << o.block->name << "." << o.option;
}

std::vector<SizedOption> sized_options() {
  std::vector<SizedOption> out;
  for (const Block* b : builtin_blocks())
    for (const FieldInfo& f : b->attrs.describe())
      if (f.type == "whole number") out.push_back({b, f.name});
  return out;
}

class BlockSizes : public testing::TestWithParam<SizedOption> {};

// Builds, counts and lays out the block's first sample with the option changed.
void build(const Block& block, const std::string& option, int64_t value) {
  const BlockSample& sample = block.samples[0];
  Yaml entry = parse_yaml(sample.yaml, "sample.yaml");
  ASSERT_TRUE(test::set_option(entry, std::string(block.name), option, block.primary,
                               test::scalar_yaml(str(value))));
  const BlockCase c(to_yaml(test::list_of({entry})), sample.domain, sample.shape);
  const ScopeCost cost = total_cost(c.graph);
  EXPECT_GE(cost.parameters, 0);
  EXPECT_GE(cost.forward_flops, 0);
  EXPECT_GE(lower_bound_of(arena_lives(c.graph)), 0);
}

TEST_P(BlockSizes, AreRefusedOrBuiltAtOnce) {
  const auto& [block, option] = GetParam();
  std::vector<int64_t> values(std::begin(test::kHostileSizes), std::end(test::kHostileSizes));
  for (const FieldInfo& f : block->attrs.describe())
    if (f.name == option) values.push_back(int64_t(std::min(f.max, kMostWhole)));
  for (const int64_t value : values) {
    const test::Spent spent;
    try {
      build(*block, option, value);
    } catch (const UserError& e) {
      EXPECT_TRUE(e.mark.known()) << value << ": " << e.what();
    }
    EXPECT_LT(spent.seconds(), test::kMostSeconds) << value;
    EXPECT_LT(spent.megabytes(), test::kMostMegabytes) << value;
  }
}

INSTANTIATE_TEST_SUITE_P(Blocks, BlockSizes, testing::ValuesIn(sized_options()),
                         [](const testing::TestParamInfo<SizedOption>& info) {
                           return str(info.param.block->name, "_", info.param.option);
                         });

std::string refusal(const std::string& yaml, Domain domain, const Shape& shape) {
  return test::error_of([&] { BlockCase(yaml, domain, shape); }).what();
}

TEST(Sizes, OfWidthsThatOverflowAreRefused) {
  for (const char* width : {"4611686018427387904", "576460752303423488", "100000000000"})
    EXPECT_EQ(refusal(str("- linear: ", width), Domain::kVector, {2, 4}),
              str("linear: 'width' must be between 1 and 2147483647, got ", width));
}

TEST(Sizes, OfChannelsAreLimited) {
  EXPECT_EQ(refusal("- linear: 20000000", Domain::kVector, {2, 4}),
            "linear 'linear': it makes 20000000 channels, more than 16777216");
}

TEST(Sizes, OfTablesAreLimitedBeforeTheyAreMade) {
  const test::Spent spent;
  EXPECT_EQ(refusal("- positions: sinusoidal", Domain::kTokens, {1, 1 << 20, 64}),
            "positions 'positions': its table [1048576,64] of fixed numbers is too large: those of "
            "a model may take 128 MiB, with this one they take 256");
  EXPECT_LT(spent.megabytes(), 10);
}

TEST(Sizes, OfGraphsAreLimitedBeforeTheyAreMade) {
  const test::Spent spent;
  EXPECT_EQ(refusal("- tokens_to_graph: full", Domain::kTokens, {1, 100'000, 4}),
            "tokens_to_graph 'tokens_to_graph': neighbours = full makes about 9999900000 edges for "
            "one example of 100000 places, more than 8388608");
  EXPECT_EQ(
      refusal("- tokens_to_graph: full", Domain::kTokens, {1000, 1000, 4}),
      "tokens_to_graph 'tokens_to_graph': neighbours = full makes about 999000000 edges for a "
      "batch of 1000 of 1000 places, more than 100000000");
  EXPECT_LT(spent.megabytes(), 10);
}

TEST(Sizes, OfABatchOfGraphsTakeNoMemoryUntilTheyAreNeeded) {
  const test::Spent spent;
  const BlockCase c("- tokens_to_graph: full\n- gcn", Domain::kTokens, {256, 256, 4});
  EXPECT_LT(spent.megabytes(), 20);  // 400 MB when it is made
}
}  // namespace
}  // namespace cambium::sizes_test
