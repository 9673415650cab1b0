// Heads of other widths than C / heads, turns of a part of a head, causal attention to a tapped
// stream, biases of pairs: against plain sums, and what is said of options that do not fit.
#include <cmath>

#include <gtest/gtest.h>

#include "graph/cost.h"
#include "tests/support/block_case.h"
#include "tests/support/expect_error.h"

namespace cambium::heads_test {
namespace {
using Numbers = std::vector<double>;

BlockCase tokens(const std::string& yaml, const Shape& shape) {
  return {"- " + yaml, Domain::kTokens, shape};
}

int64_t parameters(const std::string& yaml, const Shape& shape) {
  return total_cost(tokens(yaml, shape).graph).parameters;
}

void expect_near(const Numbers& got, const Numbers& want, const std::string& what) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-6) << what << " " << i;
}

// Numbers of one case's parameters under the name of another block.
BlockCase::Data renamed(const BlockCase::Data& leaves, const std::string& from,
                        const std::string& to) {
  BlockCase::Data out;
  for (const auto& [name, ref] : leaves)
    out[name.starts_with(from) ? to + name.substr(from.size()) : name] = ref;
  return out;
}

// All leaves 0 but v and o, which pass values of width 1 on: weights are those of biases alone.
BlockCase::Data blind(const BlockCase& c, const std::string& block) {
  BlockCase::Data leaves = c.data(1);
  for (auto& [name, ref] : leaves)
    if (!ref.adjacency) std::ranges::fill(ref.data, 0.0);
  leaves.at(block + ".v.weight")[0] = leaves.at(block + ".o.weight")[0] = 1;
  return leaves;
}

// sum of e^bias x over sum of e^bias
double weighed(const Numbers& bias, const Numbers& x) {
  double above = 0, below = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    above += std::exp(bias[i]) * x[i];
    below += std::exp(bias[i]);
  }
  return above / below;
}

// q: 10 x 6 7 + 6 7, k: 10 x 3 7 + 3 7, v: 10 x 3 4 + 3 4, o: 6 4 x 10 + 10.
TEST(Heads, HaveWidthsOfTheirOwn) {
  EXPECT_EQ(parameters("attention: {heads: 6, kv_heads: 3, head_dim: 7, value_dim: 4}", {1, 5, 10}),
            11 * 42 + 11 * 21 + 11 * 12 + 25 * 10);
  EXPECT_EQ(parameters("attention: {heads: 2, head_dim: 5}", {1, 3, 10}), 4 * 110);
}

TEST(Heads, OfTheUsualWidthSaidAreTheSame) {
  const BlockCase said = tokens(
      "attention: {heads: 2, head_dim: 4, value_dim: 4, position: rope, rotary_dim: 4}", {2, 5, 8});
  const BlockCase usual = tokens("attention: {heads: 2, position: rope}", {2, 5, 8});
  expect_near(said.run(said.data(3)), usual.run(usual.data(3)), "said");
}

// Two tokens, one head of width 4 of which 2 channels turn by 1 radian a place.
TEST(Heads, TurnInPart) {
  const BlockCase c = tokens(
      "attention: {head_dim: 4, value_dim: 1, position: rope, rotary_dim: 2, bias: false, scale: "
      "1}",
      {1, 2, 1});
  BlockCase::Data leaves = c.data(1);
  leaves.at("attention.q.weight").data = {1, 2, 3, 4};
  leaves.at("attention.k.weight").data = {0.5, -1, 0.2, 0.1};
  leaves.at("attention.v.weight").data = leaves.at("attention.o.weight").data = {1};
  leaves.at("x").data = {1, -2};
  const auto score = [&](double xq, double xk, double angle) {
    const double cosine = std::cos(angle), sine = std::sin(angle);  // of key's place - query's
    const double k1 = 0.5 * cosine + 1 * sine, k2 = -1 * cosine + 0.5 * sine;
    return xq * xk * (k1 + 2 * k2 + 3 * 0.2 + 4 * 0.1);
  };
  expect_near(c.run(leaves),
              {weighed({score(1, 1, 0), score(1, -2, 1)}, {1, -2}),
               weighed({score(-2, 1, -1), score(-2, -2, 0)}, {1, -2})},
              "turned");
}

// To the stream itself it is attention.
TEST(CrossAttention, CausalSeesWhatAttentionSees) {
  for (const char* options : {"heads: 2, causal: true", "heads: 2, causal: true, window: 3",
                              "heads: 2, causal: true, position: t5, buckets: 4, max_distance: 6",
                              "heads: 2, causal: true, position: rope, qk_norm: true"}) {
    const BlockCase cross =
        tokens(str("[{tap: here}, {cross_attention: {context: here, ", options, "}}]"), {2, 6, 8});
    const BlockCase self = tokens(str("attention: {", options, "}"), {2, 6, 8});
    const BlockCase::Data leaves = self.data(4);
    expect_near(cross.run(renamed(leaves, "attention.", "cross_attention.")), self.run(leaves),
                options);
  }
}

// A grid of 2 x 2: rows of the table are those of the query in the key's row, below and above it;
// right + 1 more, from the key to the query.
TEST(Attention, RelativeIn2DWeighsByOffset) {
  const BlockCase c("[{grid_to_tokens: {}}, {attention: {position: relative_2d}}]", Domain::kGrid,
                    {1, 2, 2, 1});
  BlockCase::Data leaves = blind(c, "attention");
  const Numbers t = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
  leaves.at("attention.relative").data = t;
  const Numbers x = leaves.at("x").data = {1, 10, 100, 1000};
  expect_near(c.run(leaves),
              {weighed({t[1], t[0], t[7], t[6]}, x), weighed({t[2], t[1], t[8], t[7]}, x),
               weighed({t[4], t[3], t[1], t[0]}, x), weighed({t[5], t[4], t[2], t[1]}, x)},
              "offsets");
}

TEST(Attention, LayersCanHaveOneTableOfOffsets) {
  const auto count = [](const char* more) {
    return total_cost(BlockCase(str("[{grid_to_tokens: {}}, {repeat: 3, body: [{attention: {heads: "
                                    "2, position: relative_2d",
                                    more, "}}]}]"),
                                Domain::kGrid, {1, 3, 4, 4})
                          .graph)
        .parameters;
  };
  EXPECT_EQ(count(""), 3 * (4 * 20 + 5 * 7 * 2));
  EXPECT_EQ(count(", share_bias: all"), 3 * 4 * 20 + 5 * 7 * 2);
}

// Of width 2, whose waves of distance d are sin d and cos d: (q + u) k + (q + w) (d . R).
TEST(Attention, TransformerXlScoresContentAndDistance) {
  const BlockCase c = tokens(
      "attention: {head_dim: 1, value_dim: 1, position: xl, bias: false, scale: 0.5}", {1, 3, 2});
  BlockCase::Data leaves = c.data(6);
  const auto number = [&](const std::string& name, size_t i) {
    return leaves.at("attention." + name).data[i];
  };
  const auto project = [&](const std::string& name, size_t t) {
    const Numbers& x = leaves.at("x").data;
    return x[2 * t] * number(name, 0) + x[2 * t + 1] * number(name, 1);
  };
  const Numbers y = c.run(leaves);
  for (size_t t = 0; t < 3; ++t) {
    Numbers scores, values;
    for (size_t s = 0; s < 3; ++s) {
      const double far = double(t) - double(s), q = project("q.weight", t);
      const double r =
          std::sin(far) * number("r.weight", 0) + std::cos(far) * number("r.weight", 1);
      scores.push_back(0.5 *
                       ((q + number("u", 0)) * project("k.weight", s) + (q + number("w", 0)) * r));
      values.push_back(project("v.weight", s));
    }
    for (size_t i = 0; i < 2; ++i)
      EXPECT_NEAR(y[2 * t + i], weighed(scores, values) * number("o.weight", i), 1e-6) << t;
  }
}

// Two graphs of 0 -> 1 -> 2 and a node apart: who hears whom over how many edges.
TEST(DistanceAttention, WeighsByEdgesBetween) {
  const std::vector<Edge> edges = {{0, 1}, {1, 2}, {4, 5}, {5, 6}};
  const BlockCase c(
      "- distance_attention: {heads: 1, max_distance: 2}", Domain::kGraph, {8, 1},
      {.graphs = 2,
       .adjacency = std::make_shared<const Adjacency>(make_adjacency(8, edges, false))});
  BlockCase::Data leaves = blind(c, "distance_attention");
  const Numbers d = leaves.at("distance_attention.distance").data = {0.5, 1, -1, 2};  // 3: no way
  leaves.at("x").data = {1, 10, 100, 1000, 2, 20, 200, 2000};
  const Numbers y = c.run(leaves);
  for (const double times : {1.0, 2.0}) {
    const Numbers x = {times, 10 * times, 100 * times, 1000 * times};
    const size_t at = times == 1 ? 0 : 4;
    EXPECT_NEAR(y[at], weighed({d[0], d[3], d[3], d[3]}, x), 1e-6);
    EXPECT_NEAR(y[at + 1], weighed({d[1], d[0], d[3], d[3]}, x), 1e-6);
    EXPECT_NEAR(y[at + 2], weighed({d[2], d[1], d[0], d[3]}, x), 1e-6);
    EXPECT_NEAR(y[at + 3], weighed({d[3], d[3], d[3], d[0]}, x), 1e-6);
  }
}

TEST(DegreeEmbedding, AddsTheVectorOfTheDegree) {
  const std::vector<Edge> edges = {{0, 1}, {2, 1}, {3, 1}, {1, 0}};
  const BlockCase c(
      "- degree_embedding: {most: 2, directed: true}", Domain::kGraph, {4, 1},
      {.adjacency = std::make_shared<const Adjacency>(make_adjacency(4, edges, false))});
  BlockCase::Data leaves = c.data(1);
  leaves.at("x").data = {0, 0, 0, 0};
  leaves.at("degree_embedding.in").data = {1, 2, 3};
  leaves.at("degree_embedding.out").data = {10, 20, 30};
  expect_near(c.run(leaves), {2 + 20, 3 + 20, 1 + 20, 1 + 20}, "degrees");
}

// By hand, C = 8 and 2 heads: q 8 x 2 (3 + 2), down 8 x (5 + 2), norm 5, k 5 x 2 3, v 5 x 2 4, o 2
// 4 x 8; with q_rank 6: 8 x 6 + 6 and 6 x 10 in place of q.
TEST(LatentAttention, HasTheParametersOfItsRanks) {
  const std::string widths =
      "latent_attention: {heads: 2, kv_rank: 5, key_dim: 3, rope_dim: 2, value_dim: 4";
  EXPECT_EQ(parameters(widths + "}", {1, 3, 8}), 80 + 56 + 5 + 30 + 40 + 64);
  EXPECT_EQ(parameters(widths + ", q_rank: 6}", {1, 3, 8}), 54 + 60 + 56 + 5 + 30 + 40 + 64);
}

std::string refusal(const std::string& yaml) {
  const auto error = test::error_of<UserErrors>([&] { tokens(yaml, {1, 8, 6}); });
  return str(error.all[0].what(), "; ", error.all[0].help);
}

TEST(Heads, SayWhichWidthsDoNotFit) {
  EXPECT_EQ(refusal("attention: {heads: 4, position: rope, head_dim: 3}"),
            "attention 'attention': position = rope needs heads of even width, head_dim = 3; use "
            "head_dim: 4");
  EXPECT_EQ(refusal("attention: {position: xl, share_bias: all}"),
            "attention 'attention': share_bias does not go with position = xl; use position: t5 or "
            "relative_2d, or leave share_bias out");
  for (const char* option : {"rope_base: 500", "buckets: 8", "max_distance: 64"})
    EXPECT_NE(refusal(str("attention: {position: alibi, ", option, "}"))
                  .find("does not go with position = alibi; use position: "),
              std::string::npos)
        << option;
  EXPECT_EQ(refusal("attention: {rotary_dim: 2}"),
            "attention 'attention': rotary_dim does not go with position = none; use position: "
            "rope, or leave rotary_dim out");
  EXPECT_EQ(refusal("attention: {heads: 2, position: rope, rotary_dim: 4}"),
            "attention 'attention': rotary_dim = 4 of heads that are 3 wide; use rotary_dim: 2 or "
            "less");
  EXPECT_EQ(
      refusal("attention: {position: rope, rotary_dim: 3}"),
      "attention 'attention': rotary_dim = 3 is odd, and rope turns pairs; use rotary_dim: 4");
  EXPECT_EQ(refusal("[{tap: a}, {cross_attention: {context: a, position: relative_2d}}]"),
            "cross_attention 'cross_attention': position = relative_2d needs queries and keys of "
            "one stream; use position: rope or t5, or attention");
  EXPECT_EQ(refusal("attention: {position: relative_2d}"),
            "attention 'attention': position = relative_2d needs the tokens of a grid; use it "
            "between grid_to_tokens or patch_embed and a class_token, or position: t5");
  EXPECT_EQ(refusal("attention: {position: relative_2d, kind: top_k}"),
            "attention 'attention': position does not go with kind = top_k; leave position out, or "
            "use kind: full");
}

TEST(LatentAttention, SaysWhichWidthsDoNotFit) {
  EXPECT_EQ(refusal("latent_attention: 4"),
            "latent_attention 'latent_attention': heads = 4 does not divide C = 6; say how wide "
            "heads are, as in key_dim: 64");
  EXPECT_EQ(refusal("latent_attention: {rope_dim: 3}"),
            "latent_attention 'latent_attention': rope_dim = 3 is odd, and rope turns pairs; use "
            "rope_dim: 4");
  EXPECT_EQ(refusal("latent_attention: {rope_dim: 2, position: none}"),
            "latent_attention 'latent_attention': rope_dim does not go with position = none; leave "
            "rope_dim out, or use position: rope");
}

// Half of one channel is none, and rope turns pairs: kv_down makes 4 channels and a pair.
TEST(LatentAttention, TurnsAtLeastAPair) {
  const BlockCase c("- latent_attention: {heads: 4}", Domain::kTokens, {2, 3, 4});
  const int id = *c.graph.find(Role::kParameter, "latent_attention.kv_down.weight");
  EXPECT_EQ(c.graph.type({id, 0}).shape, Shape({4, 6}));
  EXPECT_EQ(c.out.shape(), Shape({2, 3, 4}));
}

TEST(CrossAttention, SaysThatCausalNeedsAsManyTokens) {
  EXPECT_EQ(refusal("[{tap: a}, {class_token: {}}, {cross_attention: {context: a, causal: true}}]"),
            "cross_attention 'cross_attention': causal = true needs a context with the places of "
            "the stream, 'a' has 8 tokens, the stream 9; tap a stream of as many tokens, or leave "
            "causal out");
}
}  // namespace
}  // namespace cambium::heads_test
