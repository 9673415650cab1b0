// Message passing blocks against their formulas, written out node by node over dense loops.
#include <gtest/gtest.h>

#include "tests/support/block_case.h"

namespace cambium::message_test {
namespace {
constexpr int64_t kNodes = 6, kIn = 3;

// A block on the sample graph, its leaves, and the pieces formulas are made of.
struct Layer {
  BlockCase c;
  BlockCase::Data leaves;
  std::shared_ptr<const Adjacency> graph = sample_adjacency(kNodes, 2 * kNodes);

  explicit Layer(const std::string& yaml)
      : c("- {" + yaml + ", name: m}", Domain::kGraph, {kNodes, kIn}, {.training = false}),
        leaves(c.data(5)) {}

  double x(int64_t node, int64_t channel) const { return leaves.at("x")[node * kIn + channel]; }

  // Column k of x_node W + b; a missing bias is zero.
  double linear(const std::string& name, int64_t node, int64_t k, int64_t width) const {
    double sum = bias(str("m.", name, ".bias"), k);
    for (int64_t i = 0; i < kIn; ++i)
      sum += x(node, i) * leaves.at(str("m.", name, ".weight"))[i * width + k];
    return sum;
  }

  double bias(const std::string& name, int64_t k) const {
    const auto found = leaves.find(name);
    return found == leaves.end() ? 0 : found->second[k];
  }

  std::vector<int64_t> heard(int64_t node, bool itself) const {
    std::vector<int64_t> out;
    for (int32_t e = graph->in.begin[size_t(node)]; e < graph->in.begin[size_t(node) + 1]; ++e)
      out.push_back(graph->in.neighbour[size_t(e)]);
    if (itself && std::ranges::find(out, node) == out.end()) out.push_back(node);
    return out;
  }

  // Compares the block's [N,width] with want(node, channel).
  template <class F> void expect(int64_t width, const F& want, double tolerance = 1e-9) const {
    const std::vector<double> y = c.run(leaves);
    ASSERT_EQ(int64_t(y.size()), kNodes * width);
    for (int64_t i = 0; i < kNodes; ++i)
      for (int64_t k = 0; k < width; ++k)
        EXPECT_NEAR(y[size_t(i * width + k)], want(i, k), tolerance) << i << " " << k;
  }
};

double sigmoid(double v) {
  return 1 / (1 + std::exp(-v));
}

TEST(Gatv2, FollowsItsFormula) {
  constexpr int64_t kHeads = 2, kWidth = 3;
  const Layer m("gatv2: {width: 3, heads: 2, slope: 0.1}");
  m.expect(kHeads * kWidth, [&](int64_t i, int64_t channel) {
    const int64_t h = channel / kWidth;
    double total = 0, sum = 0;
    for (int64_t j : m.heard(i, true)) {
      double score = 0;
      for (int64_t k = h * kWidth; k < (h + 1) * kWidth; ++k) {
        const double v = m.linear("source", j, k, 6) + m.linear("target", i, k, 6);
        score += m.leaves.at("m.attention")[k] * (v > 0 ? v : 0.1 * v);
      }
      total += std::exp(score);
      sum += std::exp(score) * m.linear("source", j, channel, 6);
    }
    return sum / total + m.bias("m.bias", channel);
  });
}

TEST(GatedGcn, FollowsItsFormula) {
  for (const bool normalised : {false, true}) {
    const Layer m(str("gated_gcn: {width: 4, normalise: ", normalised, "}"));
    m.expect(4, [&](int64_t i, int64_t k) {
      double gates = 0, sum = 0;
      for (int64_t j : m.heard(i, false)) {
        const double eta =
            sigmoid(m.linear("gate_source", j, k, 4) + m.linear("gate_target", i, k, 4));
        gates += eta;
        sum += eta * m.linear("neighbours", j, k, 4);
      }
      return std::max(0.0, m.linear("self", i, k, 4) + (normalised ? sum / (1e-6 + gates) : sum));
    });
  }
}

TEST(Mpnn, FollowsItsFormula) {
  for (const std::string aggregate : {"sum", "mean"}) {
    const Layer m(str("mpnn: {width: 2, hidden: 4, aggregate: ", aggregate, "}"));
    m.expect(2, [&](int64_t i, int64_t k) {
      const std::vector<int64_t> heard = m.heard(i, false);
      const double share = aggregate == "mean" ? 1 / std::max(1.0, double(heard.size())) : 1;
      double sum = m.linear("self", i, k, 2);
      for (int64_t j : heard)
        for (int64_t c = 0; c < 4; ++c)
          sum += share * std::max(0.0, m.linear("source", j, c, 4) + m.linear("target", i, c, 4)) *
                 m.leaves.at("m.messages.weight")[c * 2 + k];
      return std::max(0.0, sum);
    });
  }
}

// One summary and one scaler at a time.
double summary(const std::string& kind, const std::vector<double>& values) {
  if (values.empty()) return kind == "std" ? std::sqrt(1e-5) : 0;
  double sum = 0, squares = 0;
  for (double v : values) sum += v, squares += v * v;
  const auto n = double(values.size());
  if (kind == "sum") return sum;
  if (kind == "mean") return sum / n;
  if (kind == "max") return *std::ranges::max_element(values);
  if (kind == "min") return *std::ranges::min_element(values);
  return std::sqrt(std::max(0.0, squares / n - sum * sum / n / n) + 1e-5);
}

TEST(Pna, FollowsItsFormula) {
  const std::vector<std::string> kinds = {"mean", "max", "min", "std", "sum"};
  const Layer m(
      "pna: {width: 2, hidden: 1, delta: 0.7, activation: none, aggregators: [mean, max, min, std, "
      "sum]}");
  m.expect(
      2,
      [&](int64_t i, int64_t k) {
        std::vector<double> values;
        for (int64_t j : m.heard(i, false)) values.push_back(m.linear("message", j, 0, 1));
        const double logs = std::log(double(values.size()) + 1);
        const double scales[] = {1, logs / 0.7, 0.7 / std::max(logs, std::log(2.0))};
        double sum = m.linear("self", i, k, 2);
        for (int64_t s = 0; s < 3; ++s)
          for (int64_t a = 0; a < 5; ++a)
            sum += scales[s] * summary(kinds[size_t(a)], values) *
                   m.leaves.at("m.summaries.weight")[(s * 5 + a) * 2 + k];
        return sum;
      },
      1e-7);  // delta and log 2 are constants in f32
}

TEST(GraphTransformer, AttendsAlongEdgesOnly) {
  const Layer m("graph_transformer: {heads: 1, norm: none, expand: 1}");
  BlockCase::Data leaves = m.leaves;
  // Without the feed-forward part and with O = I, y - x is the attention itself.
  for (auto& [name, ref] : leaves)
    if (name.starts_with("m.down") || name == "m.output.bias") std::ranges::fill(ref.data, 0);
  for (int64_t k = 0; k < 9; ++k) leaves.at("m.output.weight")[k] = k % 4 == 0;
  const std::vector<double> y = m.c.run(leaves);
  for (int64_t i = 0; i < kNodes; ++i) {
    double total = 0;
    std::vector<double> sum(3, 0.0);
    for (int64_t j : m.heard(i, true)) {
      double score = 0;
      for (int64_t k = 0; k < 3; ++k)
        score += m.linear("query", i, k, 3) * m.linear("key", j, k, 3) / std::sqrt(3.0);
      total += std::exp(score);
      for (int64_t k = 0; k < 3; ++k)
        sum[size_t(k)] += std::exp(score) * m.linear("value", j, k, 3);
    }
    for (int64_t k = 0; k < 3; ++k)
      EXPECT_NEAR(y[size_t(i * 3 + k)] - m.x(i, k), sum[size_t(k)] / total, 1e-9);
  }
}

TEST(Appnp, EndsAtItsFixedPoint) {
  const Layer now("appnp: {steps: 80, alpha: 0.4}"), later("appnp: {steps: 81, alpha: 0.4}");
  const std::vector<double> z = now.c.run(now.leaves);
  later.expect(kIn, [&](int64_t i, int64_t k) { return z[size_t(i * kIn + k)]; });
}

TEST(Cheb, OfOrderTwoIsSelfMinusNeighbours) {
  const Layer m("cheb: {width: 3, order: 2, bias: false}");
  m.expect(3, [&](int64_t i, int64_t k) {
    double sum = m.linear("order_0", i, k, 3);
    const auto degree = [&](int64_t n) { return double(m.heard(n, false).size()); };
    for (int64_t j : m.heard(i, false))
      if (degree(j) > 0) sum -= m.linear("order_1", j, k, 3) / std::sqrt(degree(i) * degree(j));
    return sum;
  });
}

std::string refusal(const std::string& yaml) {
  try {
    Layer{yaml};
  } catch (const UserErrors& e) {
    return str(e.all[0].what(), "; ", e.all[0].help);
  }
  return "";
}

TEST(MessagePassing, SaysWhatDoesNotFit) {
  EXPECT_EQ(refusal("graph_transformer: {heads: 2}"),
            "graph_transformer 'm': heads = 2 does not divide C = 3; use heads: 1");
  EXPECT_EQ(refusal("pna: {aggregators: []}"), "pna 'm': aggregators names none; ");
  EXPECT_EQ(refusal("pna: {scalers: []}"), "pna 'm': scalers names none; ");
  EXPECT_EQ(refusal("pna: {aggregators: [mean, median]}"),
            "pna: 'aggregators' cannot be 'median'; did you mean 'mean'?");
}

TEST(Pool, AttentionIsASoftmaxWeightedMean) {
  const BlockCase c("- pool: attention", Domain::kTokens, {1, 2, 2});
  BlockCase::Data leaves = c.data(1);
  leaves.at("x") = {{1, 0, 0, 1}};
  leaves.at("pool.score.weight") = {{std::log(3.0), 0}};
  const std::vector<double> y = c.run(leaves);
  EXPECT_NEAR(y[0], 0.75, 1e-12);
  EXPECT_NEAR(y[1], 0.25, 1e-12);
}
}  // namespace
}  // namespace cambium::message_test
