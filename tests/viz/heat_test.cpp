// Times of a profiled step on a model's picture.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/viz/toy_model.h"
#include "train/profile/profile.h"
#include "viz/model/dot.h"
#include "viz/model/graphviz.h"

namespace cambium::heat_test {
namespace {
class HeatOfAModel : public ::testing::Test {
 protected:
  void add(const std::string& path, const std::string& op, double ms,
           Phase phase = Phase::kForward) {
    KernelTime k;
    k.path = path;
    k.op = op;
    k.phase = phase;
    k.ms = ms;
    profile_.kernels.push_back(k);
    profile_.step_ms += ms;
  }

  ModelPicture picture(const Graph& g, const PictureOptions& options = {}) const {
    return model_picture(g, "m", options, &profile_);
  }

  static double ms_of(const ModelPicture& m, std::string_view label) {
    const auto it = std::ranges::find(m.boxes, label, &Box::label);
    return it == m.boxes.end() ? -1 : it->ms;
  }

  Profile profile_;
};

TEST_F(HeatOfAModel, SumsTheCopiesOfAFold) {
  for (int i = 0; i < 4; ++i) {
    add(str("repeat.", i, ".attention.q"), "linear", 1);
    add(str("repeat.", i, ".attention.q"), "matmul", 2, Phase::kBackward);
    add(str("repeat.", i), "add", 0.5);
  }
  add("head", "linear", 4);
  const Graph g = toy::hybrid();
  for (int64_t depth : {1, 2, 3, 9}) {
    const ModelPicture m = picture(g, {.depth = depth});
    EXPECT_DOUBLE_EQ(m.boxes[0].ms, 18) << depth;
    EXPECT_DOUBLE_EQ(ms_of(m, "repeat"), 14) << depth;
    EXPECT_DOUBLE_EQ(ms_of(m, "head"), 4) << depth;
  }
  EXPECT_DOUBLE_EQ(ms_of(picture(g), "q"), 12);
  EXPECT_DOUBLE_EQ(ms_of(picture(g), "k"), 0);
  EXPECT_DOUBLE_EQ(ms_of(picture(g, {.fold = false}), "repeat.0"), 3.5);
}

TEST_F(HeatOfAModel, LeavesTakeWhatBearsTheirName) {
  toy::Net n;
  const Value x = n.g.input("x", {DType::kF32, {8, 4}});
  n.in("mix", [&] {
    const Value a = n.g.emit("relu", {n.g.emit("linear", {x, n.weight("mix.w", {4, 4})})});
    return n.g.emit("relu", {n.g.emit("transpose", {a})});
  });
  add("mix", "relu", 1);
  add("mix", "relu", 2);
  add("mix", "relu_grad", 10, Phase::kBackward);  // of the second
  add("mix", "relu_grad", 20, Phase::kBackward);
  add("mix", "matmul", 100, Phase::kBackward);  // only linear has weights
  add("mix.dropout", "dropout", 1000);          // not drawn: its scope's
  const ModelPicture m = picture(n.g);
  EXPECT_DOUBLE_EQ(m.boxes[0].ms, 1133);
  EXPECT_DOUBLE_EQ(ms_of(m, "linear"), 100);
  EXPECT_DOUBLE_EQ(ms_of(m, "transpose"), 0);
  std::vector<double> relu;
  for (const Box& b : m.boxes)
    if (b.label == "relu") relu.push_back(b.ms);
  EXPECT_EQ(relu, (std::vector<double>{21, 12}));
}

TEST_F(HeatOfAModel, WhatIsNotDrawnStandsInTheLegend) {
  add("head", "linear", 6);
  add("pool", "reduce_mean", 1);
  add("optimizer", "adam_update", 2, Phase::kUpdate);
  add("loss", "cross_entropy", 0.75);
  add("loss", "cross_entropy_grad", 0.25, Phase::kBackward);
  profile_.outside_ms = 2;
  profile_.step_ms = 12;
  const ModelPicture m = picture(toy::hybrid());
  ASSERT_TRUE(m.heat);
  EXPECT_DOUBLE_EQ(m.heat->hottest_ms, 6);
  EXPECT_EQ(m.heat->elsewhere, (std::vector<std::pair<std::string, double>>{
                                   {"optimizer", 2}, {"loss", 1}, {"outside kernels", 2}}));
  EXPECT_EQ(m.heat->level(0), 0);
  EXPECT_EQ(m.heat->level(0.99), 0);
  EXPECT_EQ(m.heat->level(6), Heat::kLevels - 1);
  const std::string dot = to_dot(m);
  EXPECT_NE(dot.find("6 ms (50.0%)"), std::string::npos);
  EXPECT_NE(dot.find("share of a step of 12 ms"), std::string::npos);
  EXPECT_NE(dot.find("optimizer 2 ms, loss 1 ms, outside kernels 2 ms"), std::string::npos);
  EXPECT_NE(dot.find("to 50.0%"), std::string::npos);
  EXPECT_NE(dot.find(str("fillcolor=\"", kHeatColours[5])), std::string::npos);
  EXPECT_NE(outline(m).find("6 ms (50.0%)"), std::string::npos);
}

TEST_F(HeatOfAModel, HostileNamesOfAProfileStayText) {
  add("</TABLE><script>", "x", 1);
  const std::string dot = to_dot(picture(toy::hybrid()));
  EXPECT_EQ(dot.find("<script>"), std::string::npos);
  EXPECT_NE(dot.find("&lt;script&gt;"), std::string::npos);
}

TEST_F(HeatOfAModel, NothingMeasuredIsColdEverywhere) {
  const ModelPicture m = picture(toy::hybrid());
  EXPECT_EQ(m.heat->level(0), 0);
  EXPECT_EQ(to_dot(m).find("nan"), std::string::npos);
}
}  // namespace
}  // namespace cambium::heat_test
