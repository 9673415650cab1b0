// What attention looks at: learned distances, sinks, blocks, the best keys, places in a grid.
#include <numeric>

#include <gtest/gtest.h>

#include "blocks/transformer/block_sparse.h"
#include "graph/cost.h"
#include "tests/support/block_case.h"
#include "tests/support/expect_error.h"

namespace cambium::attention_test {
namespace {
using Numbers = std::vector<double>;

BlockCase build(const std::string& options, const Shape& shape) {
  return {"- attention: {" + options + "}", Domain::kTokens, shape};
}

void expect_near(const Numbers& got, const Numbers& want, const std::string& what) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-6) << what << " " << i;
}

// With the same numbers in the leaves of the same names.
void expect_same_results(const std::string& options, const std::string& others,
                         const Shape& shape) {
  const BlockCase one = build(options, shape), two = build(others, shape);
  expect_near(one.run(one.data(5)), two.run(two.data(5)), options);
}

// By the formula in PyTorch 2.1, of keys so many places before the query.
TEST(Attention, BucketsAreThoseOfT5) {
  const std::vector<int64_t> distances = {-200, -128, -100, -64, -33, -16, -9,  -8, -7, -1,
                                          0,    1,    7,    8,   9,   11,  12,  16, 17, 23,
                                          31,   32,   63,   64,  91,  127, 128, 500};
  const std::vector<int64_t> both = {31, 31, 31, 30, 28, 26, 24, 24, 23, 17, 0,  1,  7,  8,
                                     8,  8,  9,  10, 10, 11, 11, 12, 13, 14, 15, 15, 15, 15};
  const std::vector<int64_t> past = {0, 0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  1,  7,  8,
                                     9, 11, 12, 16, 16, 18, 21, 21, 26, 26, 29, 31, 31, 31};
  for (size_t i = 0; i < distances.size(); ++i) {
    EXPECT_EQ(bucket_of({}, false, distances[i]), both[i]) << distances[i];
    EXPECT_EQ(bucket_of({}, true, distances[i]), past[i]) << distances[i];
  }
}

// A model of one head with q = k = 0 and v = o = 1: weights are those of the biases alone.
TEST(Attention, LearnedBiasesWeighByDistance) {
  const BlockCase c("- attention: {position: t5, buckets: 4, max_distance: 8}", Domain::kTokens,
                    {1, 3, 1});
  BlockCase::Data leaves = c.data(1);
  for (auto& [name, ref] : leaves) std::ranges::fill(ref.data, 0.0);
  leaves.at("attention.v.weight")[0] = leaves.at("attention.o.weight")[0] = 1;
  leaves.at("attention.relative").data = {0.5, 1, -1, 2};  // same place, before, -, behind
  leaves.at("x").data = {1, 10, 100};
  const Numbers y = c.run(leaves);
  const double here = std::exp(0.5), before = std::exp(1.0), behind = std::exp(2.0);
  const auto near = [&](size_t t, double a, double b, double d) {
    EXPECT_NEAR(y[t], (a + 10 * b + 100 * d) / (a + b + d), 1e-9) << t;
  };
  near(0, here, std::exp(2.0), behind);
  near(1, before, here, behind);
  near(2, before, before, here);
}

// The same with dilation: a distance counts all places, seen or not.
TEST(Attention, DilationDoesNotShortenDistances) {
  for (const char* position : {"alibi", "t5, buckets: 8, max_distance: 20"}) {
    const BlockCase c(str("- attention: {dilation: 2, position: ", position, "}"), Domain::kTokens,
                      {1, 4, 1});
    BlockCase::Data leaves = c.data(1);
    for (auto& [name, ref] : leaves) std::ranges::fill(ref.data, 0.0);
    leaves.at("attention.v.weight")[0] = leaves.at("attention.o.weight")[0] = 1;
    double far = -2 * std::exp2(-8.0);
    if (position[0] == 't') {
      leaves.at("attention.relative").data = {0, 5, 0.3, 5, 0, 5, 0.3, 5};
      far = 0.3;
    }
    leaves.at("x").data = {1, 50, 10, 50};
    const Numbers y = c.run(leaves);
    const double seen = 1 + std::exp(far);
    EXPECT_NEAR(y[0], (1 + 10 * std::exp(far)) / seen, 1e-6) << position;
    EXPECT_NEAR(y[2], (10 + std::exp(far)) / seen, 1e-6) << position;
  }
}

TEST(Attention, LayersOfARepeatCanHaveOneTableOfBiases) {
  const auto parameters = [](const char* more) {
    const BlockCase c(str("[{repeat: 3, body: [{attention: {heads: 2, position: t5", more,
                          "}}]}, {attention: {heads: 2, position: t5, share_bias: other}}]"),
                      Domain::kTokens, {1, 5, 4});
    return total_cost(c.graph).parameters;
  };
  EXPECT_EQ(parameters(""), 4 * (4 * (16 + 4) + 64));
  EXPECT_EQ(parameters(", share_bias: table"), 4 * 4 * (16 + 4) + 2 * 64);
  EXPECT_EQ(parameters(", share_bias: other"), 4 * 4 * (16 + 4) + 64);
}

// A label of `share:` around it keeps what it shares.
TEST(Attention, ATableOfBiasesIsSharedInsideSharedLayersToo) {
  const BlockCase c(
      "[{attention: {heads: 2, position: t5, share_bias: table}, share: all}, "
      "{attention: {heads: 2, position: t5, share_bias: table}, share: all}, "
      "{attention: {heads: 2, position: t5, share_bias: table}}]",
      Domain::kTokens, {1, 5, 4});
  EXPECT_EQ(total_cost(c.graph).parameters, 2 * 4 * (16 + 4) + 64);
}

TEST(Attention, SinksTakeWeight) {
  const BlockCase c = build("sinks: true", {1, 4, 2});
  const BlockCase plain = build("", {1, 4, 2});
  BlockCase::Data leaves = c.data(3);
  leaves.at("attention.o.bias").data = {0, 0};
  const auto with_sink = [&](double score) {
    leaves.at("attention.sinks")[0] = score;
    return c.run(leaves);
  };
  BlockCase::Data without = leaves;
  without.erase("attention.sinks");
  expect_near(with_sink(-60), plain.run(without), "no weight for the sink");
  for (double y : with_sink(60)) EXPECT_NEAR(y, 0, 1e-12);
}

TEST(Attention, OfAllBlocksOrAllKeysIsFullAttention) {
  for (const char* more : {"", ", position: t5, buckets: 8, max_distance: 9, sinks: true",
                           ", position: alibi, kv_heads: 1", ", position: rope, soft_cap: 1"})
    for (const char* causal : {"", ", causal: true"}) {
      const std::string options = str("heads: 2", more, causal);
      expect_same_results(options, options + ", kind: block_sparse, block: 3, near: 9", {2, 17, 8});
      expect_same_results(options,
                          options + ", kind: block_sparse, block: 4, global: 2, near: 0, random: 9",
                          {1, 18, 8});
      expect_same_results(options, options + ", kind: block_sparse, block: 5, global: 9",
                          {1, 9, 8});
      if (options.find("alibi") == std::string::npos && options.find("t5") == std::string::npos)
        expect_same_results(options, options + ", kind: top_k, keep: 20", {1, 9, 8});
    }
}

// Which outputs move with token `moved`.
std::vector<bool> reached(const std::string& options, int64_t tokens, int64_t moved) {
  const BlockCase c = build(options, {1, tokens, 4});
  BlockCase::Data leaves = c.data(3);
  const Numbers before = c.run(leaves);
  leaves.at("x")[moved * 4] += 1;
  const Numbers after = c.run(leaves);
  std::vector<bool> out(static_cast<size_t>(tokens), false);
  for (size_t i = 0; i < before.size(); ++i)
    if (before[i] != after[i]) out[i / 4] = true;
  return out;
}

TEST(Attention, BlocksFarAwayAreNotSeen) {
  const std::vector<bool> hears =
      reached("heads: 2, kind: block_sparse, block: 2, near: 1, global: 1, random: 0", 14, 9);
  for (size_t t = 0; t < hears.size(); ++t) EXPECT_EQ(hears[t], t < 2 || (t >= 6 && t < 12)) << t;
  const std::vector<bool> first =
      reached("heads: 2, kind: block_sparse, block: 2, near: 0, global: 1, random: 0", 14, 1);
  EXPECT_TRUE(std::ranges::all_of(first, std::identity()));
}

TEST(Attention, RandomBlocksFollowTheSeedAndAreInOrder) {
  const BlockSparse a{.near = 0, .global = 1, .random = 3};
  const auto draw = [&](uint64_t seed) {
    Random random(seed);
    std::vector<std::vector<int64_t>> all;
    for (int64_t i = 1; i < 40; ++i) all.push_back(blocks_seen(a, false, i, 40, random));
    return all;
  };
  const auto seen = draw(1);
  EXPECT_EQ(seen, draw(1));
  EXPECT_NE(seen, draw(2));
  for (size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].size(), 5u);
    EXPECT_TRUE(std::ranges::is_sorted(seen[i]));
    EXPECT_EQ(std::set(seen[i].begin(), seen[i].end()).size(), 5u);
    EXPECT_TRUE(std::ranges::count(seen[i], 0) == 1 && std::ranges::count(seen[i], int64_t(i) + 1));
  }
}

TEST(Attention, WorkOfBlocksGrowsWithTheTokens) {
  const auto flops = [](const char* options, int64_t tokens) {
    return total_cost(build(options, {1, tokens, 8}).graph).forward_flops;
  };
  EXPECT_NEAR(
      flops("kind: block_sparse, block: 8", 1024) / flops("kind: block_sparse, block: 8", 512), 2,
      0.02);
  EXPECT_GT(flops("", 1024) / flops("", 512), 3.5);
}

// With one key kept, a query's answer is the value of the key it likes most.
TEST(Attention, OneKeptKeyGivesItsValue) {
  const BlockCase c = build("kind: top_k, keep: 1, bias: false", {1, 4, 1});
  BlockCase::Data leaves = c.data(1);
  for (const char* name : {"q", "k", "v", "o"})
    leaves.at(str("attention.", name, ".weight"))[0] = 1;
  leaves.at("x").data = {2, -3, 5, -7};
  expect_near(c.run(leaves), {5, -7, 5, -7}, "the largest product");
}

// Rotations depend on differences of rows and columns alone: q . k of equal tokens.
TEST(Attention, RotationInAGridSeesRowsAndColumns) {
  const auto result = [](const char* position) {
    const BlockCase c(str("[{grid_to_tokens: {}}, {attention: {position: ", position, "}}]"),
                      Domain::kGrid, {1, 3, 3, 4});
    BlockCase::Data leaves = c.data(2);
    return c.run(leaves);
  };
  const Numbers flat = result("rope"), grid = result("rope_2d"), none = result("none");
  EXPECT_NE(flat, grid);
  EXPECT_NE(none, grid);
  // a grid of one row, of which the second half of each head turns as in one dimension
  const BlockCase row("[{grid_to_tokens: {}}, {attention: {position: rope_2d}}]", Domain::kGrid,
                      {1, 1, 5, 4});
  const BlockCase column("[{grid_to_tokens: {}}, {attention: {position: rope_2d}}]", Domain::kGrid,
                         {1, 5, 1, 4});
  BlockCase::Data leaves = row.data(4), turned = leaves;
  for (const char* name : {"q", "k"})  // swap the halves of a head
    for (const char* part : {"weight", "bias"}) {
      Numbers& w = turned.at(str("attention.", name, ".", part)).data;
      for (size_t i = 0; i < w.size(); i += 4) {
        std::swap(w[i], w[i + 2]);
        std::swap(w[i + 1], w[i + 3]);
      }
    }
  expect_near(column.run(turned), row.run(leaves), "rows and columns change places");
}

std::string refusal(const std::string& options) {
  const auto error = test::error_of<UserErrors>([&] { build(options, {1, 8, 4}); });
  return str(error.all[0].what(), "; ", error.all[0].help);
}

TEST(Attention, RefusesWhatAKindCannotDo) {
  EXPECT_EQ(refusal("kind: top_k, position: t5"),
            "attention 'attention': position does not go with kind = top_k; leave position out, or "
            "use kind: full");
  EXPECT_EQ(refusal("kind: block_sparse, window: 3"),
            "attention 'attention': window does not go with kind = block_sparse; leave window out, "
            "or use kind: full");
  EXPECT_EQ(refusal("kind: block_sparse, block: 16, dropout: 0.1"),
            "attention 'attention': dropout does not go with kind = block_sparse unless block = "
            "64; leave dropout out, or use kind: full");
  EXPECT_EQ(refusal("kind: top_k, sinks: true"),
            "attention 'attention': sinks does not go with kind = top_k; leave sinks out, or use "
            "kind: full");
  EXPECT_EQ(refusal("position: rope_2d"),
            "attention 'attention': position = rope_2d needs the tokens of a grid; use it between "
            "grid_to_tokens or patch_embed and a class_token, or position: rope");
  EXPECT_EQ(refusal("heads: 2, position: rope_2d"),
            "attention 'attention': position = rope_2d needs heads whose width 4 divides, heads = "
            "2 of C = 4 are 2 wide; use heads: 1");
  EXPECT_EQ(refusal("heads: 4, position: rope"),
            "attention 'attention': position = rope needs heads of even width, heads = 4 of C = 4 "
            "are 1 wide; use heads: 2");
  EXPECT_EQ(refusal("position: t5, max_distance: 16"),
            "attention 'attention': max_distance = 16 is too near for 32 buckets; use more than "
            "16");
}

TEST(Positions, OfAGridTellRowAndColumn) {
  const BlockCase c("[{grid_to_tokens: {}}, {positions: sinusoidal_2d}]", Domain::kGrid,
                    {1, 2, 3, 4});
  BlockCase::Data leaves = c.data(1);
  std::ranges::fill(leaves.at("x").data, 0.0);
  const Numbers y = c.run(leaves);
  for (size_t t = 0; t < 6; ++t) {
    const double row = double(t / 3), column = double(t % 3);
    const Numbers want = {std::sin(row), std::cos(row), std::sin(column), std::cos(column)};
    for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(y[t * 4 + i], want[i], 1e-6) << t;
  }
  const auto error = test::error_of<UserErrors>([] {
    BlockCase("- positions: sinusoidal_2d", Domain::kTokens, {1, 6, 4});
  });
  EXPECT_EQ(error.all[0].what(),
            std::string("positions 'positions': kind = sinusoidal_2d needs the tokens of a grid"));
}
}  // namespace
}  // namespace cambium::attention_test
