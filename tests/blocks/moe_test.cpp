// The mixture of experts against the feed-forward layers it is made of.
#include <gtest/gtest.h>

#include "blocks/auxiliary.h"
#include "graph/cost.h"
#include "tests/support/block_case.h"
#include "tests/support/expect_error.h"

namespace cambium::moe_test {
namespace {
BlockCase build(const std::string& options, const Shape& shape, bool training = true) {
  return {"- moe: {" + options + "}", Domain::kTokens, shape, {.training = training}};
}

TEST(Moe, OfOneExpertIsTheFeedForwardLayer) {
  const BlockCase moe = build("experts: 1, top_k: 1, expand: 2", {2, 3, 4});
  const BlockCase ffn("- ffn: {expand: 2}", Domain::kTokens, {2, 3, 4});
  BlockCase::Data leaves = moe.data(1);
  for (const auto& [name, ref] : ffn.data(1))
    if (name != "x") leaves.at("moe" + name.substr(3)) = ref;
  BlockCase::Data same = ffn.data(1);
  same.at("x") = leaves.at("x");
  const std::vector<double> got = moe.run(leaves), want = ffn.run(same);
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-12);
}

// A layer of one expert: relu(x w + b) or x w + b.
std::vector<double> layer(const std::vector<double>& x, const double* w, const double* b, size_t n,
                          bool relu) {
  std::vector<double> y(b, b + n);
  for (size_t j = 0; j < n; ++j) {
    for (size_t i = 0; i < x.size(); ++i) y[j] += x[i] * w[i * n + j];
    if (relu) y[j] = std::max(0.0, y[j]);
  }
  return y;
}

// Of one token, by hand: the two experts of three with the highest scores.
std::vector<double> mixture(const BlockCase::Data& leaves, const std::vector<double>& x,
                            bool chosen) {
  const auto numbers = [&](const char* name) { return leaves.at(str("moe.", name)).data.data(); };
  const size_t c = x.size(), width = 5;
  const std::vector<double> zero(3, 0.0);
  std::vector<double> p = layer(x, numbers("router.weight"), zero.data(), 3, false);
  double sum = 0;
  for (double& v : p) sum += v = std::exp(v);
  for (double& v : p) v /= sum;
  const size_t out = size_t(std::ranges::min_element(p) - p.begin());
  std::vector<double> y(c, 0.0);
  for (size_t e = 0; e < 3; ++e) {
    if (e == out) continue;
    const std::vector<double> h =
        layer(x, numbers("up.weight") + e * c * width, numbers("up.bias") + e * width, width, true);
    const std::vector<double> answer =
        layer(h, numbers("down.weight") + e * c * width, numbers("down.bias") + e * c, c, false);
    for (size_t i = 0; i < c; ++i) y[i] += answer[i] * p[e] / (chosen ? 1 - p[out] : 1);
  }
  return y;
}

TEST(Moe, SumsTheBestExpertsByTheirProbability) {
  for (const char* weights : {"all", "chosen"}) {
    const BlockCase moe = build(
        str("experts: 3, top_k: 2, width: 5, activation: relu, weights: ", weights), {2, 3, 4});
    const BlockCase::Data leaves = moe.data(2);
    const std::vector<double> got = moe.run(leaves);
    for (size_t t = 0; t < 6; ++t) {
      const auto first = leaves.at("x").data.begin() + int64_t(t) * 4;
      const std::vector<double> want =
          mixture(leaves, {first, first + 4}, weights == str("chosen"));
      for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(got[t * 4 + i], want[i], 1e-12) << weights << t;
    }
  }
}

// Four equal tokens want one expert, which may take two.
TEST(Moe, CapacityDropsLaterTokensInTrainingAlone) {
  for (bool training : {true, false}) {
    const BlockCase moe = build("experts: 2, top_k: 1, capacity: 1", {1, 4, 3}, training);
    BlockCase::Data leaves = moe.data(1);
    for (size_t i = 3; i < 12; ++i) leaves.at("x").data[i] = leaves.at("x").data[i % 3];
    const std::vector<double> y = moe.run(leaves);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_NE(y[i], 0);
      EXPECT_EQ(y[3 + i], y[i]);
      EXPECT_EQ(y[6 + i], training ? 0 : y[i]);
      EXPECT_EQ(y[9 + i], training ? 0 : y[i]);
    }
  }
}

TEST(Moe, WorkFollowsTheChosenExpertsNotTheirNumber) {
  const auto flops = [](const char* options) {
    return total_cost(build(options, {2, 64, 32}).graph).forward_flops;
  };
  const double two_of_4 = flops("experts: 4, top_k: 2, balance: 0"),
               two_of_32 = flops("experts: 32, top_k: 2, balance: 0"),
               one_of_4 = flops("experts: 4, top_k: 1, balance: 0"),
               few = flops("experts: 4, top_k: 2, balance: 0, capacity: 0.5");
  EXPECT_LT(two_of_32 / two_of_4, 1.15);  // the router's scores
  EXPECT_NEAR(two_of_4 / one_of_4, 2, 0.1);
  EXPECT_NEAR(two_of_4 / few, 2, 0.1);
}

// Equal probabilities: E sum_e f_e / E = 1, whatever the choices.
TEST(Moe, BalanceLossOfEqualProbabilitiesIsItsFactor) {
  Graph g(builtin_ops());
  const Vars vars;
  Builder builder(g, vars, true);
  const Stream in{.domain = Domain::kTokens, .x = g.input("x", {DType::kF32, {2, 5, 3}})};
  const Yaml model = parse_yaml("- moe: {experts: 4, balance: 0.3}", "model.yaml");
  build_model(builder, model, nullptr, in);
  ASSERT_FALSE(g.outputs.empty());
  EXPECT_EQ(g.outputs[0].name, kAuxiliaryLoss);
  const Interpreted result = interpret(g, [](const Node& n) {
    return Ref{std::vector<double>(size_t(n.outputs[0].shape.count()), 0.0)};
  });
  EXPECT_NEAR(result.outputs[0][0], 0.3, 1e-12);
}

using Numbers = std::vector<double>;

struct Outcome {
  Numbers balance, y, dx;

  bool operator==(const Outcome&) const = default;
};

// Of one step on x; an empty mask is no input.
Outcome step(const std::string& options, Domain domain, const Shape& shape, const Numbers& x,
             const Numbers& mask) {
  Graph g(builtin_ops());
  const Vars vars;
  Builder builder(g, vars, true);
  InputShape input{domain, {{"x", {DType::kF32, shape}}}, 2};
  if (!mask.empty()) input.inputs.push_back({"mask", {DType::kF32, Shape{int64_t(mask.size())}}});
  if (domain == Domain::kGraph)
    input.inputs.push_back({"adjacency", {DType::kAdjacency, Shape{shape[0], shape[0], 0}}});
  const Stream in = build_input(g, input);
  const Yaml model = parse_yaml("- moe: {" + options + "}", "model.yaml");
  const Value y = build_model(builder, model, nullptr, in).x;
  const Value loss =
      g.emit("add", {g.emit("reduce_sum", {g.emit("square", {y})}), g.value(g.outputs.at(0).port)});
  const std::vector<Value> wrt = {in.x};
  g.outputs.push_back({"y", port_of(y)});
  g.outputs.push_back({"dx", port_of(grad(loss, wrt)[0])});
  const Adjacency none = make_adjacency(shape[0], {}, false);
  const Interpreted done = interpret(g, [&](const Node& n) -> Ref {
    if (n.outputs[0].dtype == DType::kAdjacency) return {{}, &none};
    if (n.scope.path == "x") return {x};
    if (n.scope.path == "mask") return {mask};
    Random random(5, stream_of(n.scope.path));
    Ref r;
    for (int64_t i = 0; i < n.outputs[0].shape.count(); ++i) r.data.push_back(random.normal());
    return r;
  });
  return {done.outputs[0].data, done.outputs[1].data, done.outputs[2].data};
}

// Of 16 places of 3 channels two of four are padding, which holds `filling`.
struct Padded {
  Numbers x, real, mask;

  explicit Padded(double filling) {
    Random random(7, stream_of("x"));
    for (int i = 0; i < 16; ++i) {
      mask.push_back(i % 4 < 2);
      for (int c = 0; c < 3; ++c) {
        x.push_back(i % 4 < 2 ? random.normal() : filling);
        if (i % 4 < 2) real.push_back(x.back());
      }
    }
  }
};

Numbers real_ones(const Numbers& x) {
  Numbers out;
  for (size_t i = 0; i < x.size(); ++i)
    if (i / 3 % 4 < 2) out.push_back(x[i]);
  return out;
}

// All padding would go to one expert. Without a mask there are only the real ones.
TEST(Moe, PaddingTakesNoCapacityAndDoesNotCount) {
  const Padded three(3), fifty(-50);
  for (const char* options : {"experts: 3, top_k: 1, capacity: 1, balance: 2",
                              "experts: 3, top_k: 2, weights: chosen, capacity: 0.9"}) {
    const Outcome want = step(options, Domain::kTokens, {1, 8, 3}, three.real, {});
    EXPECT_GT(want.balance[0], 0);
    for (const auto& [domain, shape] :
         {std::pair{Domain::kTokens, Shape{2, 8, 3}}, std::pair{Domain::kGraph, Shape{16, 3}}}) {
      const Outcome got = step(options, domain, shape, three.x, three.mask);
      EXPECT_EQ(got, step(options, domain, shape, fifty.x, three.mask)) << options;
      EXPECT_EQ(real_ones(got.y), want.y);
      for (size_t i = 0; i < want.dx.size(); ++i)
        EXPECT_NEAR(real_ones(got.dx)[i], want.dx[i], 1e-12);
      EXPECT_NEAR(got.balance[0], want.balance[0], 1e-12);
      for (size_t i = 0; i < got.y.size(); ++i)
        EXPECT_TRUE(i / 3 % 4 < 2 || (got.y[i] == 0 && got.dx[i] == 0)) << i;
    }
  }
}

TEST(Moe, RefusesWhatDoesNotFit) {
  const auto text = [](const char* options) {
    const auto error = test::error_of<UserErrors>([&] { build(options, {1, 2, 3}); });
    return str(test::text_of(error.all[0]), "; ", error.all[0].help);
  };
  EXPECT_EQ(text("experts: 2, top_k: 3"),
            "1:21: moe 'moe': top_k = 3 of 2 experts; use top_k: 2 or fewer");
  EXPECT_EQ(text("top_k: 1, weights: chosen"),
            "1:19: moe 'moe': weights = chosen gives a single expert the weight 1, and the router "
            "nothing to learn from; use top_k: 2 or more, or weights: all");
}
}  // namespace
}  // namespace cambium::moe_test
