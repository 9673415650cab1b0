// What every block lets its output hear, as the graph claims it and as changing the input shows it:
// later tokens, and other examples of the batch.
#include <gtest/gtest.h>

#include "ops/support/reach.h"
#include "tests/support/reach_case.h"

namespace cambium::causality_test {
namespace {
constexpr uint64_t kSeeds[] = {1, 2, 3, 4, 5, 6};  // units are dead for some

// Element k of a result of as many places as the input, or of fewer: its example and place.
struct Where {
  int64_t example, place;
};

Where where(const BlockCase& c, const PlacesOf& in, size_t k) {
  const int64_t rows = c.out.shape().rows(),
                row = int64_t(k) / std::max<int64_t>(1, c.out.shape().last());
  const int64_t places = std::max<int64_t>(1, rows / std::max<int64_t>(1, in.examples));
  return {row / places, row % places};
}

bool inside(const Heard& a, const Heard& b) {
  return a.nothing() || (b.first_example <= a.first_example && a.last_example <= b.last_example &&
                         b.first_place <= a.first_place && a.last_place <= b.last_place);
}

// Whether an element hears a later place, and whether one hears another example.
struct Leaks {
  bool later = false, others = false;

  bool operator==(const Leaks&) const = default;
};

Leaks leaks_in(const BlockCase& c, const std::vector<Heard>& heard) {
  const PlacesOf in(c.in);
  const bool same_places = c.out.shape().rows() == in.examples * in.places;
  Leaks any;
  for (size_t k = 0; k < heard.size(); ++k) {
    const Where w = where(c, in, k);
    if (heard[k].nothing()) continue;
    any.others |= heard[k].first_example != w.example || heard[k].last_example != w.example;
    any.later |= same_places && heard[k].last_place > w.place;
  }
  return any;
}

void PrintTo(const Leaks& any, std::ostream* out) {
  *out << "hears " << (any.later ? "" : "no ") << "later places and " << (any.others ? "" : "no ")
       << "other examples";
}

void expect_claims_hold(const BlockCase& c) {
  const std::vector<Heard> claimed = claimed_by(c), found = found_in(c, kSeeds);
  ASSERT_EQ(claimed.size(), found.size());
  int64_t beyond = 0;
  for (size_t k = 0; k < found.size(); ++k) beyond += !inside(found[k], claimed[k]);
  EXPECT_EQ(beyond, 0) << "elements hear more than the graph claims";
  // A norm of one channel says nothing, and edges of a few nodes may weigh nothing.
  if (c.in.domain == Domain::kGraph || c.in.shape().last() == 1) return;
  EXPECT_EQ(leaks_in(c, claimed), leaks_in(c, found));
}

class EveryBlockHears : public testing::TestWithParam<BlockTrial> {};

class EveryBlockTells : public testing::TestWithParam<BlockTrial> {};

// Those small enough to be changed place by place.
std::vector<BlockTrial> small_trials() {
  std::vector<BlockTrial> trials = block_trials();
  std::erase_if(trials, [](const BlockTrial& t) { return t.sample.shape.count() > 400; });
  return trials;
}

TEST_P(EveryBlockHears, WhatItsGraphClaims) {
  const auto& [block, s] = GetParam();
  for (const bool training : {false, true})
    expect_claims_hold(BlockCase("- " + s.yaml, s.domain, s.shape, {.training = training}));
}

// What every operator of a model's forward graph hears is told apart; losses, gradients and updates
// may say that they hear all.
TEST_P(EveryBlockTells, WhatEachOperatorHears) {
  const auto& [block, s] = GetParam();
  const BlockCase c("- " + s.yaml, s.domain, s.shape, {.training = false});
  for (const Node& n : c.graph.nodes())
    if (n.op) {
      EXPECT_NE(n.op->reach, reach_all) << n.op->name;
    }
}

INSTANTIATE_TEST_SUITE_P(Blocks, EveryBlockHears, testing::ValuesIn(small_trials()));
INSTANTIATE_TEST_SUITE_P(Blocks, EveryBlockTells, testing::ValuesIn(block_trials()));

// On tokens a block hears later ones unless it is told not to, or cannot.
Leaks leaks_of(const std::string& yaml) {
  const BlockCase c("- " + yaml, Domain::kTokens, {2, 6, 4}, {.training = false});
  expect_claims_hold(c);
  return leaks_in(c, claimed_by(c));
}

bool takes_tokens_to_tokens(const Block& block) {
  return block.name != "class_token" && block.name != "tokens_to_graph" &&
         block.name != "cross_attention";  // needs a tap, below
}

// The leaks with an option, beside a norm of each token where the block's own looks at all of them.
Leaks leaks_with(std::string_view block, const std::string& option) {
  try {
    return leaks_of(str("{", block, ": {", option, "}}"));
  } catch (const UserError&) {
    return leaks_of(str("{", block, ": {", option, ", norm: rms}}"));
  }
}

TEST(Causality, WhatABlockSaysKeepsItFromLookingAheadDoes) {
  int64_t tried = 0;
  for (const Block* block : builtin_blocks()) {
    const std::string option(block->looks_back_with);
    if (std::ranges::count(option, ' ') != 1 || !takes_tokens_to_tokens(*block)) continue;
    EXPECT_EQ(leaks_with(block->name, option), Leaks()) << block->name << ": " << option;
    ++tried;
  }
  EXPECT_GE(tried, 10);
}

TEST(Causality, CrossAttentionSeesUpToItsPlaceOfATap) {
  const std::string yaml = "[{tap: a}, {linear: 4}, {cross_attention: {context: a, causal: ";
  EXPECT_EQ(leaks_of(yaml + "true}}]"), Leaks());
  EXPECT_TRUE(leaks_of(yaml + "false}}]").later);
}

TEST(Causality, MessagesFollowTheEdgesOfTokens) {
  EXPECT_FALSE(leaks_of("[{tokens_to_graph: {neighbours: full, causal: true}}, {gcn: 4}]").later);
  EXPECT_TRUE(leaks_of("[{tokens_to_graph: full}, {gcn: 4}]").later);
}

TEST(Causality, DilationReachesBackInSteps) {
  const BlockCase c("- depthwise_conv: {kernel: 2, dilation: 3, causal: true}", Domain::kTokens,
                    {1, 6, 4});
  const std::vector<Heard> found = found_in(c, kSeeds);
  EXPECT_EQ(found[size_t(4 * 4)].first_place, 1);
  EXPECT_EQ(found[size_t(4 * 4)].last_place, 4);
}
}  // namespace
}  // namespace cambium::causality_test
