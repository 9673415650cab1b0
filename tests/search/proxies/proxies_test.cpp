#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "search/proxies/support/proxy.h"
#include "tests/support/data/small_data.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/step_graph.h"

namespace cambium::proxies_test {
namespace {
using Rows = std::vector<std::vector<double>>;

// Pictures of 4 numbers, 5 rectifiers, 3 classes, two examples a batch; no biases.
const std::string kNet =
    "data: {random_images: {height: 2, width: 2, channels: 1, classes: 3, train: 6, val: 2, test: "
    "2}}\nmodel: [flatten, linear: {width: 5, bias: false, activation: relu}, linear: {width: 3, "
    "bias: false}]\ntrain: {batch: 2, epochs: 1, seed: 7, optimizer: sgd}\n";

// The same net by hand, in double.
struct ByHand {
  Rows x, w1, w2;  // [B,4], [4,5], [5,3]
  std::vector<int> targets;

  explicit ByHand(const Experiment& e) {
    const Untrained model(e);
    for (int64_t i = 0; i < model.batch_size(); ++i) {
      const auto row = model.batch().x.f32().subspan(size_t(i) * 4, 4);
      x.emplace_back(row.begin(), row.end());
      targets.push_back(model.batch().target.i32()[size_t(i)]);
    }
    const Graph g = model_graph(e, model.batch_size(), true);
    for (const Node& n : g.nodes()) {
      if (n.role != Role::kParameter) continue;
      Tensor t(n.outputs[0]);
      initialise(t, n.parameter.init, uint64_t(e.train.options.seed), n.scope.path);
      Rows& w = t.shape()[0] == 4 ? w1 : w2;
      for (int64_t i = 0; i < t.shape()[0]; ++i) {
        const auto row = t.f32().subspan(size_t(i * t.shape()[1]), size_t(t.shape()[1]));
        w.emplace_back(row.begin(), row.end());
      }
    }
  }

  std::vector<double> hidden(size_t example) const {
    std::vector<double> h(5);
    for (size_t j = 0; j < 5; ++j) {
      for (size_t i = 0; i < 4; ++i) h[j] += x[example][i] * w1[i][j];
      h[j] = std::max(h[j], 0.0);
    }
    return h;
  }

  double gradient_norms() const {
    Rows d1(4, std::vector<double>(5)), d2(5, std::vector<double>(3));
    for (size_t b = 0; b < x.size(); ++b) {
      const std::vector<double> h = hidden(b);
      std::vector<double> p(3);
      double sum = 0;
      for (size_t k = 0; k < 3; ++k) {
        for (size_t j = 0; j < 5; ++j) p[k] += h[j] * w2[j][k];
        sum += p[k] = std::exp(p[k]);
      }
      for (size_t k = 0; k < 3; ++k)
        p[k] = (p[k] / sum - (int(k) == targets[b])) / double(x.size());
      for (size_t j = 0; j < 5; ++j) {
        double back = 0;
        for (size_t k = 0; k < 3; ++k) {
          d2[j][k] += h[j] * p[k];
          back += w2[j][k] * p[k];
        }
        for (size_t i = 0; i < 4 && h[j] > 0; ++i) d1[i][j] += x[b][i] * back;
      }
    }
    return norm(d1) + norm(d2);
  }

  static double norm(const Rows& rows) {
    double sum = 0;
    for (const auto& row : rows)
      for (const double v : row) sum += v * v;
    return std::sqrt(sum);
  }

  // Of all ones, as often as there are examples.
  double flow() const {
    double sum = 0;
    for (size_t i = 0; i < 4; ++i)
      for (size_t j = 0; j < 5; ++j)
        for (size_t k = 0; k < 3; ++k) sum += std::abs(w1[i][j]) * std::abs(w2[j][k]);
    return sum * double(x.size());
  }

  std::vector<double> slopes(size_t example) const {
    const std::vector<double> h = hidden(example);
    std::vector<double> out(4);
    for (size_t i = 0; i < 4; ++i)
      for (size_t j = 0; j < 5; ++j)
        for (size_t k = 0; k < 3 && h[j] > 0; ++k) out[i] += w1[i][j] * w2[j][k];
    return out;
  }
};

class Proxies : public ::testing::Test {
 protected:
  test::TempFolder folder_;

  double score(const char* name, const Experiment& e) {
    return find_proxy(name, {}).score(Untrained(e)).value();
  }
};

TEST_F(Proxies, CountParametersAndForwardFlops) {
  const Experiment e = test::open_text(folder_, kNet);
  EXPECT_EQ(score("params", e), 4 * 5 + 5 * 3);
  EXPECT_EQ(score("flops", e), step_cost(e).forward_flops_per_example);
  EXPECT_GE(score("flops", e), 2 * (4 * 5 + 5 * 3));
  EXPECT_LE(score("flops", e), 2 * (4 * 5 + 5 * 3) + 40) << "rectifiers and the loss";
}

TEST_F(Proxies, GradientNormIsThatByHand) {
  const Experiment e = test::open_text(folder_, kNet);
  const double expected = ByHand(e).gradient_norms();
  EXPECT_NEAR(score("grad_norm", e), expected, 1e-5 * expected);
}

// Each product of a chain carries the whole flow.
TEST_F(Proxies, SynflowIsTheFlowOfEachProduct) {
  const Experiment e = test::open_text(folder_, kNet);
  const double expected = 2 * ByHand(e).flow();
  EXPECT_NEAR(score("synflow", e), expected, 1e-5 * expected);
}

// Of two rows with correlation r the eigenvalues are 1 + r and 1 - r.
TEST_F(Proxies, JacobianIsThatOfTwoRowsByHand) {
  const Experiment e = test::open_text(folder_, kNet);
  const ByHand net(e);
  std::vector<double> a = net.slopes(0), b = net.slopes(1);
  const double mean_a = mean_of(a), mean_b = mean_of(b);
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < 4; ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  const double r = ab / std::sqrt(aa * bb);
  double expected = 0;
  for (const double v : {1 + r + 1e-5, 1 - r + 1e-5}) expected -= std::log(v) + 1 / v;
  EXPECT_LT(std::abs(r), 0.999) << "the test would show nothing";
  EXPECT_NEAR(score("jacobian", e), expected, 1e-4 * std::abs(expected));
}

// Two codes that differ in d of n bits: the kernel is n with n - d beside its diagonal.
TEST_F(Proxies, NwotIsThatOfTwoCodesByHand) {
  const Experiment e = test::open_text(folder_, kNet);
  const ByHand net(e);
  const std::vector<double> a = net.hidden(0), b = net.hidden(1);
  double apart = 0;
  for (size_t j = 0; j < 5; ++j) apart += (a[j] > 0) != (b[j] > 0);
  ASSERT_GT(apart, 0) << "the test would show nothing";
  EXPECT_NEAR(score("nwot", e), std::log(25 - (5 - apart) * (5 - apart)), 1e-12);
}

// Every gate adds its bits, also one inside of a norm; dropout switches nothing.
TEST_F(Proxies, NwotCountsEveryGate) {
  const auto net = [](const char* hidden) {
    return str(
        "data: {random_images: {height: 4, width: 4, channels: 1, classes: 3, train: 8, val: 2, "
        "test: 2}}\nmodel:\n",
        hidden, "  - linear: 3\ntrain: {batch: 4, epochs: 1, optimizer: sgd}\n");
  };
  const auto of = [&](const char* hidden) {
    return score("nwot", test::open_text(folder_, net(hidden)));
  };
  const double one = of("  - flatten\n  - linear: {width: 9, activation: relu}\n");
  EXPECT_EQ(of("  - flatten\n  - linear: 9\n  - dropout: 0.9\n  - activation: relu\n"),
            of("  - flatten\n  - linear: 9\n  - activation: relu\n"));
  EXPECT_NEAR(of("  - flatten\n  - linear: 9\n  - activation: relu\n  - activation: relu2\n"),
              of("  - flatten\n  - linear: 9\n  - activation: relu\n") + 4 * std::log(2.0), 1e-12)
      << "the same codes twice: K doubles";
  EXPECT_TRUE(std::isfinite(one));
  EXPECT_TRUE(std::isfinite(of("  - residual_conv: 4\n  - pool: mean\n")));
}

TEST_F(Proxies, NwotIsNotDefinedWithoutRectifiers) {
  std::string smooth = kNet;
  smooth.replace(smooth.find("relu"), 4, "gelu");
  EXPECT_FALSE(find_proxy("nwot", {}).score(Untrained(test::open_text(folder_, smooth))));
}

// Whatever data brings: ids, graphs, pairs, two sequences, padding.
TEST_F(Proxies, AreFoundForAllData) {
  for (const DatasetKind* kind : builtin_datasets()) {
    const std::string data = test::small_section(kind->name, folder_);
    const DataShape shape = test::open_example(data)->shape(1);
    const std::string_view loss = shape.target_kind() == TargetKind::kValues      ? "mse"
                                  : shape.target_kind() == TargetKind::kSequences ? "ctc"
                                                                                  : "cross_entropy";
    const Experiment e = test::open_text(
        folder_, str("data: ", data, "\n", test::small_model(shape), "train: {loss: ", loss,
                     ", batch: ", shape.one_graph ? 1 : 5, ", steps: 4}\n"));
    const std::vector<std::optional<double>> scores = proxy_scores(e);
    ASSERT_EQ(scores.size(), builtin_proxies().size());
    for (size_t p = 0; p < scores.size(); ++p) {
      // Slopes that do not vary, as those of a linear model, have no correlation; nor has it gates.
      if (builtin_proxies()[p]->name == "jacobian" || builtin_proxies()[p]->name == "nwot")
        continue;
      EXPECT_TRUE(scores[p].has_value()) << builtin_proxies()[p]->name << " of " << kind->name;
    }
    EXPECT_EQ(proxy_scores(e), scores) << "a function of the experiment, " << kind->name;
  }
}

TEST_F(Proxies, WhatIsNotFiniteIsNoScore) {
  std::string deep =
      "data: {random_images: {height: 1, width: 1, channels: 64, classes: 3, train: "
      "6, val: 2, test: 2}}\nmodel:\n  - flatten\n  - repeat: 90\n    pattern: L\n"
      "    L: {linear: {width: 64, bias: false, activation: relu}}\n  - linear: 3\n"
      "train: {batch: 2, epochs: 1, optimizer: sgd}\n";
  const std::vector<std::optional<double>> scores = proxy_scores(test::open_text(folder_, deep));
  for (size_t p = 0; p < scores.size(); ++p)
    if (builtin_proxies()[p]->name == "synflow") {
      EXPECT_FALSE(scores[p].has_value());
    }
}

TEST_F(Proxies, TakeTheModelInF32) {
  const Experiment f32 = test::open_text(folder_, kNet);
  Experiment bf16 = f32;
  bf16.precision = DType::kBf16;
  EXPECT_EQ(proxy_scores(bf16), proxy_scores(f32));
}

TEST(ProxyNames, AreSuggested) {
  const UserError e = test::error_of([] { find_proxy("sinflow", {"s", 2, 3}); });
  EXPECT_EQ(test::text_of(e), "2:3: unknown proxy 'sinflow'");
  EXPECT_EQ(e.help, "did you mean 'synflow'?");
}

TEST(ProxyAgreement, FlopsStandFirstThenTheLargest) {
  const auto place = [](std::string_view name) {
    return size_t(std::ranges::find(builtin_proxies(), name, &Proxy::name) -
                  builtin_proxies().begin());
  };
  const size_t n = builtin_proxies().size();
  std::vector<std::vector<std::optional<double>>> scores(8, std::vector<std::optional<double>>(n));
  const std::vector<double> results = {1, 2, 3, 4, 5, 6, 7, NAN};
  for (size_t i = 0; i < 8; ++i) {
    scores[i][place("flops")] = double(i * 3 % 7);
    scores[i][place("synflow")] = double(i);
    if (i != 2) scores[i][place("grad_norm")] = -double(i);
  }
  const std::vector<ProxyAgreement> found = proxy_agreement(scores, results);
  ASSERT_EQ(found.size(), n);
  EXPECT_EQ(found[0].proxy->name, "flops");
  const std::vector<double> flops = {0, 3, 6, 2, 5, 1, 4};
  EXPECT_EQ(found[0].tau->tau, *kendall_tau(flops, std::span(results).first(7)));
  EXPECT_EQ(found[1].proxy->name, "synflow");
  EXPECT_EQ(found[1].tau->tau, 1);
  EXPECT_EQ(found[1].tau->n, 7) << "the last has no result";
  EXPECT_EQ(found[2].proxy->name, "grad_norm");
  EXPECT_EQ(found[2].tau->tau, -1);
  EXPECT_EQ(found[2].tau->n, 6);
  EXPECT_FALSE(found[3].tau);
  EXPECT_EQ(found[0].models, 7);
  EXPECT_EQ(found[2].scored, 6);
  EXPECT_EQ(found[3].scored, 0);
  EXPECT_TRUE(found[1].tau->interval->low < 1);
}
}  // namespace
}  // namespace cambium::proxies_test
