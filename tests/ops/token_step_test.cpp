// Operators that see one token at a time: the same as those over whole sequences, and their errors.
#include <gtest/gtest.h>

#include "tests/support/op_case.h"

namespace cambium::token_step_test {
namespace {
const Op& op_called(std::string_view name) {
  for (const Op* op : builtin_ops())
    if (op->name == name) return *op;
  throw std::invalid_argument(std::string(name));
}

constexpr int64_t kTokens = 300, kChannels = 3, kStates = 5;

Sample step_sample() {
  const Shape a = {kChannels, kStates};
  return {{SampleInput(Shape{kChannels}, -4, -1), SampleInput(a, -2, 0), SampleInput(a, -20, 20), a,
           a, Shape{1, 1, kChannels}, Shape{1, kChannels, kStates}, Shape{1, kChannels, kStates}}};
}

// The convolution in double, and the recurrence in f32.
TEST(S4dStep, IsTheConvolutionTokenByToken) {
  Engine engine;
  OpCase step(op_called("s4d_step"), step_sample());
  const Kernel kernel = step.graph.node(step.out[0].node).op->kernel(step.call(), engine);
  Sample whole = step_sample();
  whole.inputs.erase(whole.inputs.begin() + 5, whole.inputs.end());
  whole.args = {{"length", kTokens}};
  OpCase long_kernel(op_called("s4d_kernel"), whole);
  std::copy_n(step.data.begin(), 5, long_kernel.data.begin());
  const Ref filter = long_kernel.reference()[0];
  std::fill_n(step.tensors[6].f32().begin(), kChannels * kStates, 0.0f);
  std::fill_n(step.tensors[7].f32().begin(), kChannels * kStates, 0.0f);
  Random random(1, 2);
  std::vector<double> x;
  for (int64_t t = 0; t < kTokens; ++t) {
    for (int64_t c = 0; c < kChannels; ++c) {
      x.push_back(float(random.normal()));
      step.tensors[5].f32()[size_t(c)] = float(x.back());
    }
    std::vector<Tensor> out = step.run(kernel);
    for (int64_t c = 0; c < kChannels; ++c) {
      double want = 0;
      for (int64_t s = 0; s <= t; ++s)
        want += filter[(t - s) * kChannels + c] * x[size_t(s * kChannels + c)];
      ASSERT_NEAR(number_at(out[0], c), want, 1e-5) << "token " << t;
    }
    step.tensors[6] = std::move(out[1]);
    step.tensors[7] = std::move(out[2]);
  }
}

TEST(LongConvStep, RefusesAPlaceOutsideTheCache) {
  Engine engine;
  OpCase c(op_called("long_conv_step"),
           {{Shape{1, 3, 2}, Shape{1, 3, 2}, SampleInput(DType::kI32, {1, 1}, 3, 4)}});
  const Kernel kernel = c.graph.node(c.out[0].node).op->kernel(c.call(), engine);
  EXPECT_THROW(c.run(kernel), RuntimeError);
  EXPECT_THROW(c.reference(), RuntimeError);
}

std::string error_of(std::string_view name, const Sample& sample) {
  try {
    OpCase c(op_called(name), sample);
  } catch (const UserError& e) {
    return e.what();
  }
  return "no error";
}

TEST(TokenSteps, NameTheShapesThatDoNotFit) {
  const SampleInput place(DType::kI32, {1, 1}, 0, 1);
  EXPECT_EQ(error_of("long_conv_step", {{Shape{3, 2}, Shape{1, 3, 2}, place}}),
            "long_conv_step '': x must be [B,S,C], got [3,2]");
  EXPECT_EQ(error_of("long_conv_step", {{Shape{2, 3, 2}, Shape{2, 3, 2}, place}}),
            "long_conv_step '': the filter is [2,3,2], x [2,3,2]");
  EXPECT_EQ(error_of("long_conv_step", {{Shape{2, 3, 2}, Shape{1, 3, 2}, Shape{1, 1}}}),
            "long_conv_step '': position must be i32 [1,1], got [1,1]");
  Sample s = step_sample();
  s.inputs[5] = Shape{1, 2, kChannels};
  EXPECT_EQ(error_of("s4d_step", s), "s4d_step '': x must be [B,1,3], got [1,2,3]");
  s = step_sample();
  s.inputs[7] = Shape{1, kChannels, 2};
  EXPECT_EQ(error_of("s4d_step", s), "s4d_step '': the state must be [1,3,5], got [1,3,2]");
}
}  // namespace
}  // namespace cambium::token_step_test
