// Attention beyond what every op keeps: error texts, thread counts, long rows, huge scores.
#include <gtest/gtest.h>

#include "core/system/parallel.h"
#include "tests/support/op_case.h"

namespace cambium::attention_test {
namespace {
std::string error_of(Shape q, Shape k, const Args& args) {
  Graph g(builtin_ops());
  g.scope.path = "mix";
  const Value a = g.input("q", {DType::kF32, q}), b = g.input("k", {DType::kF32, k});
  try {
    g.emit("attention", {a, b, b}, args);
  } catch (const UserError& e) {
    return e.what();
  }
  return "";
}

const Op& op_named(std::string_view name) {
  return Graph(builtin_ops()).op(name);
}

std::vector<Tensor> run_on(int threads, std::string_view name, const Sample& sample) {
  Engine engine;
  const int before = thread_count();
  set_thread_count(threads);
  OpCase c(op_named(name), sample);
  std::vector<Tensor> out = c.run(op_named(name).kernel(c.call(), engine));
  set_thread_count(before);
  return out;
}

void expect_same_bits_for_any_threads(std::string_view name, const Sample& sample) {
  const auto one = run_on(1, name, sample), two = run_on(2, name, sample),
             three = run_on(3, name, sample);
  for (size_t k = 0; k < one.size(); ++k) {
    EXPECT_TRUE(same_bits(one[k], two[k])) << name << " output " << k;
    EXPECT_TRUE(same_bits(one[k], three[k])) << name << " output " << k;
  }
}

TEST(Attention, NamesWhatDoesNotFit) {
  EXPECT_EQ(error_of({2, 4, 3, 8}, {2, 4, 2, 8}, {}),
            "attention 'mix': heads = 3 is not a multiple of kv_heads = 2");
  EXPECT_EQ(error_of({2, 5, 2, 8}, {2, 4, 2, 8}, {{"causal", true}}),
            "attention 'mix': causal attention of 5 queries to 4 keys: the first queries would see "
            "nothing");
  EXPECT_EQ(error_of({2, 4, 2, 8}, {2, 4, 2, 16}, {}),
            "attention 'mix': q has head width 8, k has 16");
  EXPECT_EQ(error_of({2, 4, 2, 8}, {2, 4, 2, 8}, {{"dropout", 0.1}}),
            "attention 'mix': dropout needs a random state i64[2] = {seed, step}");
}

TEST(Attention, GivesTheSameBitsForAnyNumberOfThreads) {
  const Shape q{3, 70, 4, 20}, k{3, 90, 2, 20};
  const SampleInput rng(DType::kI64, {2}, 0, 100);
  const Args args = {{"causal", true}, {"dropout", 0.2}};
  expect_same_bits_for_any_threads("attention", {{q, k, k, rng}, args});
  const SampleInput lse(Shape{3, 4, 70}, 5, 6);
  expect_same_bits_for_any_threads("attention_grad", {{q, k, k, q, lse, q, rng}, args});
}

TEST(Attention, SurvivesScoresThatOverflowExp) {
  Engine engine;
  OpCase c(op_named("attention"),
           {{Shape{1, 3, 1, 8}, Shape{1, 200, 1, 8}, Shape{1, 200, 1, 8}}, {{"scale", 200.0}}});
  const auto got = c.run(op_named("attention").kernel(c.call(), engine));
  const std::vector<Ref> want = c.reference();
  for (int64_t i = 0; i < want[0].size(); ++i)
    EXPECT_NEAR(got[0].f32()[size_t(i)], want[0][i], 1e-3);
}

TEST(Attention, CountsOnlyVisiblePairsAsCost) {
  const Op& op = op_named("attention");
  const Shape s{1, 64, 1, 32};
  OpCase full(op, {{s, s, s}, {}}), causal(op, {{s, s, s}, {{"causal", true}}});
  EXPECT_NEAR(op.cost(causal.call()).flops / op.cost(full.call()).flops, 65.0 / 128.0, 1e-9);
}

TEST(EmbedGrad, GivesTheSameBitsForAnyNumberOfThreads) {
  const SampleInput ids(DType::kI32, {40, 50}, 0, 11);
  expect_same_bits_for_any_threads("embed_grad", {{ids, Shape{40, 50, 32}}, {{"rows", 64}}});
}

TEST(Embed, NamesTheIdOutsideTheTable) {
  Engine engine;
  const Op& op = op_named("embed");
  OpCase c(op, {{Shape{5, 2}, SampleInput(DType::kI32, {4}, 0, 5)}});
  c.tensors[1].i32()[2] = 7;
  try {
    c.run(op.kernel(c.call(), engine));
    FAIL() << "an id outside the table was read";
  } catch (const RuntimeError& e) {
    EXPECT_STREQ(e.what(), "embed's id 7 at position 2 is outside [0, 5)");
  }
  c.tensors[1].i32()[2] = -1;
  EXPECT_THROW(c.run(op.kernel(c.call(), engine)), RuntimeError);
}

// A score that is no number is not hidden among the dropped ones, whichever the query.
TEST(TopKAttention, ShowsNaN) {
  Engine engine;
  const Op& op = op_named("top_k_attention");
  OpCase c(op, {{Shape{1, 3, 1, 2}, Shape{1, 200, 1, 2}, Shape{1, 200, 1, 2}}, {{"keep", 2}}});
  c.tensors[1].f32()[2 * 150] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<Tensor> out = c.run(op.kernel(c.call(), engine));
  for (float y : out[0].f32()) EXPECT_TRUE(std::isnan(y));
}

TEST(TopKAttention, GivesTheSameBitsForAnyNumberOfThreads) {
  const Shape q{3, 70, 4, 20}, k{3, 90, 2, 20};
  expect_same_bits_for_any_threads("top_k_attention", {{q, k, k}, {{"causal", true}, {"keep", 7}}});
}

TEST(Attention, ExtrasGiveTheSameBitsForAnyNumberOfThreads) {
  const Shape q{3, 70, 4, 20}, k{3, 90, 2, 20};
  const SampleInput none = SampleInput::none(), blocks(DType::kI32, {5, 3}, 0, 6);
  const Args args = {{"block", 16}};
  expect_same_bits_for_any_threads("attention",
                                   {{q, k, k, none, Shape{4, 159}, Shape{4}, blocks}, args});
  expect_same_bits_for_any_threads(
      "attention_grad",
      {{q, k, k, q, SampleInput(Shape{3, 4, 70}, 5, 6), q, none, Shape{4, 159}, Shape{4}, blocks},
       args});
}

TEST(Attention, NamesExtrasThatDoNotFit) {
  const auto error = [](Value (*more)(Graph&), const Args& args, size_t place) -> std::string {
    Graph g(builtin_ops());
    g.scope.path = "mix";
    const Value q = g.input("q", {DType::kF32, {1, 6, 2, 4}});
    std::vector<Value> in = {q, q, q, {}, {}, {}, {}, {}, {}};
    in[place] = more(g);
    in.resize(place + 1);
    try {
      g.emit("attention", in, args);
    } catch (const UserError& e) {
      return e.what();
    }
    return "";
  };
  const auto short_bias = [](Graph& g) { return g.input("b", {DType::kF32, {2, 10}}); };
  const auto few_blocks = [](Graph& g) { return g.input("b", {DType::kI32, {2, 2}}); };
  EXPECT_EQ(error(short_bias, {}, 4), "attention 'mix': bias must be [2,11], got [2,10]");
  EXPECT_EQ(error(few_blocks, {{"block", 2}}, 6),
            "attention 'mix': blocks must be i32 [3,L], got i32[2,2]");
  EXPECT_EQ(error(few_blocks, {{"block", 3}, {"window", 2}}, 6),
            "attention 'mix': a list of blocks goes with a block and without a window");
  const auto few_pairs = [](Graph& g) { return g.input("p", {DType::kF32, {2, 2, 6, 6}}); };
  EXPECT_EQ(error(few_pairs, {}, 8),
            "attention 'mix': pairs must be f32 [1 or 1,2,6,6], got [2,2,6,6]");
}

std::string error_of(std::string_view op, const Args& args, const std::vector<ValueType>& types) {
  Graph g(builtin_ops());
  g.scope.path = "mix";
  std::vector<Value> in;
  for (const ValueType& type : types) in.push_back(g.input(str("x", in.size()), type));
  try {
    g.emit(op, in, args);
  } catch (const UserError& e) {
    return e.what();
  }
  return "";
}

TEST(Attention, NamesWidthsThatDoNotFit) {
  const ValueType q{DType::kF32, {2, 4, 2, 6}}, k{DType::kF32, {2, 4, 1, 6}},
      v{DType::kF32, {2, 5, 1, 3}}, position{DType::kI32, {1, 1}};
  EXPECT_EQ(error_of("attention", {}, {q, k, v}),
            "attention 'mix': k [2,4,1,6] and v [2,5,1,3] must have the same shape but for widths");
  EXPECT_EQ(error_of("attention", {{"rope", 10.0}, {"turned", 8}}, {q, k, k}),
            "attention 'mix': rope turns pairs of 8 channels of as many queries as keys: q is "
            "[2,4,2,6], k [2,4,1,6]");
  EXPECT_EQ(error_of("top_k_attention", {{"keep", 2}}, {q, k, v}),
            "top_k_attention 'mix': q [2,4,2,6], k [2,4,1,6], v [2,5,1,3] are not [B,T,H,D], "
            "[B,S,G,D] and [B,S,G,E]");
  EXPECT_EQ(error_of("attention_step", {}, {q, k, v, position}),
            "attention_step 'mix': q [2,4,2,6], k [2,4,1,6], v [2,5,1,3] are not [B,1,H,D], "
            "[B,S,G,D] and [B,S,G,E]");
}

TEST(Rope, NamesChannelsThatCannotTurn) {
  const ValueType x{DType::kF32, {2, 4, 2, 7}};
  EXPECT_EQ(error_of("rope", {{"channels", 8}}, {x}),
            "rope 'mix': rope turns 8 channels of heads of 7");
  EXPECT_EQ(error_of("rope", {}, {x}),
            "rope 'mix': the 7 channels that turn must be even: rope turns pairs");
}

TEST(GraphDistances, NeedGraphsOfOneSize) {
  EXPECT_EQ(error_of("graph_distances", {{"graphs", 2}}, {{DType::kAdjacency, {5, 5, 8}}}),
            "graph_distances 'mix': 5 nodes are not 2 graphs of one size");
  EXPECT_EQ(error_of("graph_distances", {}, {{DType::kF32, {5, 5}}}),
            "graph_distances 'mix': distances are those of a graph, got [5,5]");
  EXPECT_EQ(error_of("node_degrees", {}, {{DType::kF32, {5, 5}}}),
            "node_degrees 'mix': degrees are those of a graph, got [5,5]");
}
}  // namespace
}  // namespace cambium::attention_test
