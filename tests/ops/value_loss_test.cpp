// Losses of values skip targets that are no number.
#include <cmath>

#include <gtest/gtest.h>

#include "ops/ops.h"
#include "tests/support/op_case.h"

namespace cambium::value_loss_test {
namespace {
const Op& op(std::string_view name) {
  return **std::ranges::find(builtin_ops(), name, [](const Op* o) { return o->name; });
}

void set(OpCase& c, size_t input, const std::vector<float>& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    c.tensors[input].f32()[i] = values[i];
    c.data[input].data[i] = values[i];
  }
}

class ValueLoss : public ::testing::TestWithParam<std::string> {
 protected:
  OpCase scored(const std::vector<float>& target) const {
    OpCase c(op("value_loss"), {{Shape{4}, Shape{4}}, {{"kind", GetParam()}}});
    set(c, 0, {1, 5, 3, -2});
    set(c, 1, target);
    return c;
  }

  Kernel kernel_of(OpCase& c) {
    return op(c.graph.node(c.out[0].node).kind()).kernel(c.call(), engine_);
  }

  std::vector<Tensor> run(OpCase& c) { return c.run(kernel_of(c)); }

  Engine engine_;
};

TEST_P(ValueLoss, IsTheMeanOverTargetsThatAreNumbers) {
  OpCase c = scored({0.5f, NAN, NAN, 1});
  const double expected = GetParam() == "mse"   ? (0.25 + 9) / 2
                          : GetParam() == "mae" ? (0.5 + 3) / 2
                                                : (0.125 + 2.5) / 2;
  const std::vector<Tensor> out = run(c);
  EXPECT_FLOAT_EQ(out[0].f32()[0], float(expected));
  EXPECT_EQ(out[1].f32()[0], 2);
  EXPECT_DOUBLE_EQ(c.reference()[0][0], expected);
}

TEST_P(ValueLoss, IsZeroWhenNothingIsScored) {
  OpCase c = scored({NAN, NAN, NAN, NAN});
  const std::vector<Tensor> out = run(c);
  EXPECT_EQ(out[0].f32()[0], 0);
  EXPECT_EQ(out[1].f32()[0], 0);
}

TEST_P(ValueLoss, GivesNoGradientWhereNothingIsScored) {
  OpCase c(op("value_loss_grad"), {{Shape{3}, Shape{3}, Shape{}, Shape{}}, {{"kind", GetParam()}}});
  set(c, 0, {2, 7, 1});
  set(c, 1, {1.5, NAN, 1});
  set(c, 2, {2});
  set(c, 3, {3});
  const std::vector<Tensor> out = run(c);
  const float slope = GetParam() == "mse" ? 1 : GetParam() == "mae" ? 1 : 0.5f;
  EXPECT_FLOAT_EQ(out[0].f32()[0], slope * 3 / 2);
  EXPECT_EQ(out[0].f32()[1], 0);
  EXPECT_EQ(out[0].f32()[2], 0);
  for (int64_t i = 0; i < 3; ++i)
    EXPECT_FLOAT_EQ(float(c.reference()[0][i]), out[0].f32()[size_t(i)]);
}

INSTANTIATE_TEST_SUITE_P(Kinds, ValueLoss, ::testing::Values("mse", "mae", "huber"),
                         [](const auto& info) { return info.param; });
}  // namespace
}  // namespace cambium::value_loss_test
