// What each parameter says of itself: its kind, which axes fan in and out, whether it decays.
#include <numeric>

#include <gtest/gtest.h>

#include "tests/support/block_case.h"

namespace cambium::weights_test {
namespace {
int64_t extent(const Shape& s, const std::vector<int>& axes) {
  return std::accumulate(axes.begin(), axes.end(), int64_t(1),
                         [&](int64_t n, int axis) { return n * s[axis]; });
}

std::string kinds_of(const std::string& yaml, Domain domain, const Shape& shape) {
  const BlockCase c(yaml, domain, shape);
  std::string out;
  for (const Node& n : c.graph.nodes())
    if (n.role == Role::kParameter)
      out += str(out.empty() ? "" : ", ", n.scope.path, " ", name_of(n.parameter.kind),
                 n.parameter.shared ? " shared" : "", n.parameter.frozen ? " frozen" : "");
  return out;
}

class EveryWeight : public testing::TestWithParam<BlockTrial> {
 protected:
  void SetUp() override {
    const BlockSample& s = GetParam().sample;
    case_ = std::make_unique<BlockCase>("- " + s.yaml, s.domain, s.shape);
    for (const Node& n : case_->graph.nodes())
      if (n.role == Role::kParameter) weights_.push_back(&n);
  }

  std::unique_ptr<BlockCase> case_;
  std::vector<const Node*> weights_;
};

INSTANTIATE_TEST_SUITE_P(Blocks, EveryWeight, testing::ValuesIn(block_trials()),
                         [](const testing::TestParamInfo<BlockTrial>& info) {
                           return str(info.param.block->name, "_", info.index);
                         });

TEST_P(EveryWeight, SaysWhatItIs) {
  for (const Node* n : weights_) {
    const ParameterInfo& w = n->parameter;
    const bool fans = is_product(w.kind) || w.kind == ParameterKind::kEmbedding;
    EXPECT_NE(w.kind, ParameterKind::kNone) << n->scope.path;
    EXPECT_EQ(w.decay, fans) << n->scope.path;
    EXPECT_EQ(!w.fan_in.empty(), fans) << n->scope.path << ": what hears has an axis it hears";
    EXPECT_TRUE(fans || w.fan_out.empty()) << n->scope.path;
  }
}

TEST_P(EveryWeight, IsOfTheKindThatItsNameSays) {
  const std::map<std::string_view, ParameterKind> named = {
      {".bias", ParameterKind::kBias},         {".beta", ParameterKind::kBias},
      {".gamma", ParameterKind::kNorm},        {".slope", ParameterKind::kScale},
      {".layer_scale", ParameterKind::kScale}, {".log_a", ParameterKind::kDynamics},
      {".table", ParameterKind::kEmbedding},   {".token", ParameterKind::kPosition},
      {".relative", ParameterKind::kPosition}};
  for (const Node* n : weights_) {
    const std::string& path = n->scope.path;
    if (path.ends_with(".weight")) {
      EXPECT_TRUE(is_product(n->parameter.kind)) << path;
    }
    for (const auto& [tail, kind] : named)
      if (path.ends_with(tail) && path.find("positions") == path.npos) {
        EXPECT_EQ(n->parameter.kind, kind) << path;
      }
  }
}

TEST_P(EveryWeight, FansAlongAxesOfItsOwn) {
  for (const Node* n : weights_) {
    const ParameterInfo& w = n->parameter;
    const Shape& shape = n->outputs[0].shape;
    std::vector<int> axes = w.fan_in;
    axes.insert(axes.end(), w.fan_out.begin(), w.fan_out.end());
    std::ranges::sort(axes);
    EXPECT_EQ(std::ranges::adjacent_find(axes), axes.end()) << n->scope.path;
    for (const int axis : axes) EXPECT_TRUE(axis >= 0 && axis < shape.rank()) << n->scope.path;
    // Two axes are one matrix, four a kernel; with three or with vectors there are several.
    if (!w.fan_out.empty() && shape.rank() != 3) {
      EXPECT_EQ(extent(shape, axes), shape.count()) << n->scope.path;
    }
  }
}

// What starts as the literature says starts by its fan-in, so the start tells whether that is true.
TEST_P(EveryWeight, StartsByTheNumbersItHears) {
  if (GetParam().sample.yaml.find("init:") != std::string::npos) return;
  for (const Node* n : weights_) {
    const ParameterInfo& w = n->parameter;
    const std::string& path = n->scope.path;
    const bool by_hidden_width = path.ends_with(".input.weight");  // of rnn, lstm and gru
    if (!is_product(w.kind) || path.find(".c_") != path.npos || by_hidden_width) continue;
    const Shape& shape = n->outputs[0].shape;
    const auto in = double(extent(shape, w.fan_in)), out = double(extent(shape, w.fan_out));
    const std::vector<double> known = {1 / std::sqrt(in), std::sqrt(2 / in),
                                       std::sqrt(6 / (in + out))};
    EXPECT_TRUE(std::ranges::count(known, w.init.scale))
        << path << " " << shape.text() << " starts at " << w.init.scale;
  }
}

TEST(Weights, FirstAndLastProductsAreTheInputAndTheOutput) {
  EXPECT_EQ(kinds_of("- linear: 8\n- residual: [{norm: rms}, {ffn: 2}]\n- linear: 3",
                     Domain::kTokens, {2, 5, 4}),
            "linear.weight input, linear.bias bias, residual.norm.gamma norm, "
            "residual.ffn.up.weight matrix, residual.ffn.up.bias bias, "
            "residual.ffn.down.weight matrix, residual.ffn.down.bias bias, "
            "linear_2.weight output, linear_2.bias bias");
}

TEST(Weights, AfterAnEmbeddingNothingIsTheInput) {
  EXPECT_EQ(kinds_of("- {embed: {dim: 4, vocab: 7}, name: tok}\n- positions: learned\n"
                     "- {linear: {width: 4, bias: false}}\n- linear: {tie: tok}",
                     Domain::kIds, {2, 5}),
            "tok.table embedding, positions.table position, linear.weight matrix");
}

TEST(Weights, HiddenWeightsOfTheFirstRecurrenceHearMoreThanTheData) {
  EXPECT_EQ(kinds_of("- gru: {width: 4, bias: false}\n- linear: {width: 2, bias: false}",
                     Domain::kTokens, {2, 5, 3}),
            "gru.layer0.forward.input.weight input, gru.layer0.forward.hidden.weight matrix, "
            "linear.weight output");
}

TEST(Weights, WhatStandsInTwoPlacesIsAnEndOnlyWhereBothAre) {
  EXPECT_EQ(kinds_of("- {linear: {width: 4, bias: false}, share: w}\n"
                     "- {linear: {width: 4, bias: false}, share: w}",
                     Domain::kTokens, {2, 5, 4}),
            "linear.weight matrix shared");
}

TEST(Weights, SayWhetherTheyAreFrozen) {
  EXPECT_EQ(kinds_of("- {linear: {width: 4, bias: false}, freeze: true}\n- norm: scale",
                     Domain::kTokens, {2, 5, 4}),
            "linear.weight output frozen, norm.scale norm");
}
}  // namespace
}  // namespace cambium::weights_test
