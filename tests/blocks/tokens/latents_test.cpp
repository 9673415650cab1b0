// Trained tokens among others, and edges that tokens keep.
#include <gtest/gtest.h>

#include "tests/blocks/tokens/tokens_case.h"

namespace cambium::latents_test {
namespace {
using test::counted;
using test::first_error;
using test::masked;
using test::Numbers;
using test::padded_error;
using test::renamed;
using test::tokens;

TEST(Latents, StandBeforeAmidAndBehindTheTokens) {
  const auto placed = [](const std::string& place) {
    const BlockCase c = tokens(str("- latents: {count: 2, place: ", place, "}"), {2, 3, 1});
    BlockCase::Data at = c.data(1);
    at.at("x").data = counted(6);
    at.at("latents.tokens").data = {-1, -2};
    return c.run(at);
  };
  EXPECT_EQ(placed("first"), (Numbers{-1, -2, 1, 2, 3, -1, -2, 4, 5, 6}));
  EXPECT_EQ(placed("middle"), (Numbers{1, -1, -2, 2, 3, 4, -1, -2, 5, 6}));
  EXPECT_EQ(placed("last"), (Numbers{1, 2, 3, -1, -2, 4, 5, 6, -1, -2}));
  EXPECT_EQ(placed("alone"), (Numbers{-1, -2, -1, -2}));
}

TEST(Latents, StandBesideWhatIsReal) {
  EXPECT_EQ(masked("- latents: 2"), (Numbers{-1, -2, 1, 2, 3, 4, -1, -2, 5, 6, 0, 0}));
  EXPECT_EQ(masked("- latents: {count: 2, place: last}"),
            (Numbers{1, 2, 3, 4, -1, -2, 5, 6, -1, -2, 0, 0}));
  EXPECT_EQ(masked("- class_token: last"), (Numbers{1, 2, 3, 4, -1, 5, 6, -1, 0, 0}));
  EXPECT_STREQ(padded_error("- class_token: middle").what(),
               "class_token 'class_token': the data is padded, and the middle of an example would "
               "depend on how long it is");
}

TEST(Latents, GoAndStayAgain) {
  for (const std::string place : {"first", "last"}) {
    std::string mask;
    const std::string add = str("- latents: {count: 2, place: ", place, "}\n");
    EXPECT_EQ(masked(add + "- drop_latents", &mask), (Numbers{1, 2, 3, 4, 5, 6, 0, 0})) << place;
    EXPECT_EQ(mask, "mask");  // that of the data again
    EXPECT_EQ(masked(add + "- keep_latents"), (Numbers{-1, -2, -1, -2})) << place;
    EXPECT_EQ(masked(add + "- reverse\n- keep_latents"), (Numbers{-2, -1, -2, -1})) << place;
    EXPECT_EQ(masked(add + "- reverse\n- drop_latents\n- reverse"),
              (Numbers{1, 2, 3, 4, 5, 6, 0, 0}))
        << place;
  }
}

TEST(Latents, GoInTheOrderTheyCame) {
  EXPECT_EQ(masked("- {latents: 1, name: a}\n- class_token: last\n- drop_latents\n- drop_latents"),
            (Numbers{1, 2, 3, 4, 5, 6, 0, 0}));
  EXPECT_EQ(masked("- {latents: 1, name: a}\n- {latents: {count: 2, place: last}, name: b}\n"
                   "- reverse\n- drop_latents\n- keep_latents"),
            (Numbers{-1, -1}));
}

TEST(Latents, LeaveTheGridAsItWas) {
  const BlockCase c("- grid_to_tokens\n- class_token: middle\n- attention: 2\n- drop_latents",
                    Domain::kGrid, {1, 2, 3, 4});
  EXPECT_EQ(c.out.rows, 2);
  EXPECT_EQ(c.out.shape(), Shape({1, 6, 4}));
}

TEST(Latents, SayWhatTheyCannotKnow) {
  EXPECT_STREQ(first_error("- drop_latents").what(),
               "drop_latents 'drop_latents': no trained tokens are among these");
  // Two branches with trained tokens of their own, each elsewhere.
  EXPECT_STREQ(first_error("- parallel: [[{latents: 1}], [{latents: {count: 1, place: last}}]]\n"
                           "- drop_latents")
                   .what(),
               "drop_latents 'drop_latents': no trained tokens are among these");
  EXPECT_STREQ(first_error("- latents: 2\n- conv1d: {width: 4, stride: 2}\n- keep_latents").what(),
               "keep_latents 'keep_latents': the tokens were 7 with the 2 trained ones, and are 4 "
               "now: which of them are trained is not known");
  EXPECT_EQ(first_error("- latents:").help, "write latents: 8, or another number of tokens");
  EXPECT_STREQ(first_error("- latents: {count: 2, width: 8}").what(),
               "latents 'latents': width = 8 differs from the C = 4 of the tokens beside them");
  EXPECT_STREQ(first_error("- latents: 3", {2, 4}, Domain::kVector).what(),
               "latents 'latents': place = first puts them among tokens, here is a vector");
}

const std::string kBack =
    "- graph_to_tokens\n- residual: [{attention: 2}]\n"
    "- tokens_to_graph: original\n";

TEST(Edges, ComeBackWithWhatTheyCarry) {
  const BlockCase c(kBack + "- gin: {width: 4, edges: true}", Domain::kGraph, {6, 4});
  EXPECT_EQ(c.out.adjacency, c.in.adjacency);
  const BlockCase trained(
      "- graph_to_tokens\n- latents: 2\n- attention: 2\n- drop_latents\n"
      "- tokens_to_graph: original",
      Domain::kGraph, {6, 4});
  EXPECT_EQ(trained.out.adjacency, trained.in.adjacency);
  EXPECT_STREQ(first_error("- graph_to_tokens\n- latents: 2\n- tokens_to_graph: original", {6, 4},
                           Domain::kGraph)
                   .what(),
               "tokens_to_graph 'tokens_to_graph': neighbours = original needs tokens that came "
               "from a graph in their order");
  EXPECT_STREQ(first_error("- graph_to_tokens\n- conv1d: {width: 4, stride: 2}\n"
                           "- tokens_to_graph: original",
                           {6, 4}, Domain::kGraph)
                   .what(),
               "tokens_to_graph 'tokens_to_graph': neighbours = original: the graph had 6 nodes in "
               "all its examples, here are 3 tokens");
}

TEST(Edges, AreForgottenWhereABranchTurnsTheirNodesRound) {
  for (const char* both : {"residual: [reverse]", "parallel: [[], [reverse]]"})
    EXPECT_STREQ(first_error(str("- graph_to_tokens\n- ", both, "\n- tokens_to_graph: original"),
                             {6, 4}, Domain::kGraph)
                     .what(),
                 "tokens_to_graph 'tokens_to_graph': neighbours = original needs tokens that came "
                 "from a graph in their order")
        << both;
}

// A layer of GPS written out: messages and attention side by side, then ffn.
TEST(Edges, LetAttentionAndMessagesBeWrittenOut) {
  const BlockCase block("- gps: {heads: 2, norm: none, local: [{gcn: 4}]}", Domain::kGraph, {6, 4});
  const BlockCase words(
      "- parallel: [[{residual: [{gcn: 4}]}], [graph_to_tokens, {residual: "
      "[{attention: 2}]}, {tokens_to_graph: original}]]\n"
      "- residual: [{ffn: {expand: 2, activation: relu}}]",
      Domain::kGraph, {6, 4});
  const BlockCase::Data at = block.data(1);
  const Numbers want = block.run(at),
                got = words.run(
                    renamed(at, {{"gps.local.", "parallel.branch_1.residual."},
                                 {"gps.attention", "parallel.branch_2.residual.attention"},
                                 {"gps.ffn", "residual.ffn"}}));
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-12);
}
}  // namespace
}  // namespace cambium::latents_test
