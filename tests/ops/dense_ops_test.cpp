// Single claims about the dense operators that samples cannot state.
#include <algorithm>

#include <gtest/gtest.h>

#include "core/system/parallel.h"
#include "ops/loss/support/cross_entropy.h"
#include "tests/support/op_case.h"

namespace cambium::dense_ops_test {
namespace {
Kernel kernel_of(OpCase& c, Engine& e) {
  return c.graph.node(c.out[0].node).op->kernel(c.call(), e);
}

const Op& op(std::string_view name) {
  for (const Op* o : builtin_ops())
    if (o->name == name) return *o;
  throw InternalError(str("no op ", name));
}

std::string impl_of(std::string_view name, const Sample& s) {
  Engine e;
  OpCase c(op(name), s);
  return kernel_of(c, e).impl;
}

std::string error_of(std::string_view name, const std::vector<Shape>& shapes,
                     const Args& args = {}) {
  Graph g(builtin_ops());
  std::vector<Value> in;
  for (const Shape& s : shapes) in.push_back(g.input(str("x", in.size()), {DType::kF32, s}));
  try {
    g.emit(name, in, args);
  } catch (const UserError& e) {
    return e.what();
  }
  return "no error";
}

TEST(Linear, NeverRunsOnReferenceCode) {
  const Sample samples[] = {
      {{Shape{768, 128}, Shape{128, 512}, Shape{512}}, {{"activation", "gelu"}}},
      {{Shape{768, 512}, Shape{512, 128}, Shape{128}, Shape{768, 128}}},
      {{Shape{768, 128}, Shape{128, 65}, Shape{65}}, {{"activation", "relu"}}},
      {{Shape{2708, 16}, Shape{16, 7}}},
      {{Shape{1, 128}, Shape{128, 1}, Shape{1}}}};
  for (const Sample& s : samples) {
    const std::string impl = impl_of("linear", s);
    EXPECT_FALSE(is_reference_impl(impl)) << s.inputs[0].type.text() << ": " << impl;
  }
}

TEST(Linear, ItsGradientsNeverRunOnReferenceCode) {
  EXPECT_FALSE(
      is_reference_impl(impl_of("linear_grad_weights", {{Shape{768, 128}, Shape{768, 512}}})));
  EXPECT_FALSE(is_reference_impl(
      impl_of("matmul", {{Shape{768, 512}, Shape{128, 512}}, {{"transpose_b", true}}})));
}

TEST(Matmul, NeverRunsOnReferenceCodeWhenBatched) {
  const Sample samples[] = {{{Shape{48, 64, 32}, Shape{48, 32, 64}}},
                            {{Shape{12, 4, 64, 32}, Shape{12, 4, 64, 32}}, {{"transpose_b", true}}},
                            {{Shape{12, 4, 64, 64}, Shape{12, 4, 64, 32}}, {{"transpose_a", true}}},
                            {{Shape{12, 64, 32}, Shape{1, 32, 16}}},
                            {{Shape{12, 4, 64, 32}, Shape{1, 4, 32, 64}}}};
  for (const Sample& s : samples) {
    const std::string impl = impl_of("matmul", s);
    EXPECT_FALSE(is_reference_impl(impl)) << s.inputs[1].type.text() << ": " << impl;
  }
}

TEST(Softmax, RunsOnVectorCodeAlongTheLastAxis) {
  EXPECT_FALSE(is_reference_impl(impl_of("softmax", {{Shape{3072, 64}}})));
  EXPECT_FALSE(is_reference_impl(impl_of("softmax_grad", {{Shape{3072, 64}, Shape{3072, 64}}})));
}

// One result on one and on two threads: partial sums are made of fixed blocks.
TEST(Reductions, GiveTheSameBitsOnAnyNumberOfThreads) {
  const int threads = thread_count();
  const std::pair<std::string_view, Sample> cases[] = {
      {"reduce_sum", {{Shape{3001, 130}}, {{"axes", std::vector<int64_t>{0}}}}},
      {"reduce_sum", {{Shape{400001}}}},
      {"layer_norm_grad", {{Shape{999, 33}, Shape{999, 33}, Shape{999}, Shape{999}, Shape{33}}}},
      {"batch_norm", {{Shape{9999, 33}, Shape{33}, Shape{33}}}},
      {"batch_norm",
       {{Shape{9999, 33}, Shape{33}, Shape{33}, SampleInput::none(), {Shape{9999}, 0, 1}}}},
      {"value_loss", {{Shape{100001}, Shape{100001}}}}};
  for (const auto& [name, sample] : cases) {
    Engine e;
    OpCase c(op(name), sample);
    const Kernel kernel = kernel_of(c, e);
    set_thread_count(2);
    const std::vector<Tensor> two = c.run(kernel);
    set_thread_count(1);
    const std::vector<Tensor> one = c.run(kernel);
    for (size_t k = 0; k < one.size(); ++k) EXPECT_TRUE(same_bits(one[k], two[k])) << name;
  }
  set_thread_count(threads);
}

TEST(BatchNorm, KeepsTheVarianceOfShiftedData) {
  Engine e;
  OpCase c(op("batch_norm"), {{{Shape{4096, 3}, 1000, 1001}, Shape{3}, Shape{3}}});
  const std::vector<Tensor> out = c.run(kernel_of(c, e));
  for (int64_t j = 0; j < 3; ++j) EXPECT_NEAR(number_at(out[2], j), 1.0 / 12, 0.01);
}

// One real row is its own mean, whatever the padding around it holds.
TEST(BatchNorm, CountsRealRowsAlone) {
  Engine e;
  OpCase c(op("batch_norm"), {{Shape{5, 19}, Shape{19}, Shape{19}, SampleInput::none(), Shape{5}}});
  std::ranges::copy(std::array{0.0f, 0.4f, 1.0f, 0.0f, 0.0f}, c.tensors[4].f32().begin());
  c.tensors[0].f32()[0] = INFINITY;
  c.tensors[0].f32()[4 * 19 + 18] = NAN;
  const std::vector<Tensor> out = c.run(kernel_of(c, e));
  for (int64_t j = 0; j < 19; ++j) {
    EXPECT_EQ(number_at(out[1], j), number_at(c.tensors[0], 2 * 19 + j));
    EXPECT_EQ(number_at(out[2], j), 0);
    EXPECT_EQ(number_at(out[0], 2 * 19 + j), number_at(c.tensors[2], j));
  }
}

TEST(BatchNorm, TakesARowMaskOnly) {
  EXPECT_EQ(error_of("batch_norm", {{2, 3, 4}, {4}, {4}, {2, 3, 4}, {2, 3}}),
            "batch_norm '': the mask is [2,3], not one number a row: [6]");
}

TEST(CrossEntropy, IsZeroWithoutScoredRows) {
  Engine e;
  OpCase c(op("cross_entropy"), {{Shape{3, 4}, {DType::kI32, Shape{3}, -1, 0}}});
  const std::vector<Tensor> out = c.run(kernel_of(c, e));
  EXPECT_EQ(number_at(out[0], 0), 0);
  EXPECT_EQ(number_at(out[2], 0), 0);
}

TEST(Relu, KeepsNan) {
  Engine e;
  OpCase c(op("relu"), {{Shape{3}}});
  c.tensors[0].f32()[1] = NAN;
  EXPECT_TRUE(std::isnan(number_at(c.run(kernel_of(c, e))[0], 1)));
}

TEST(OpErrors, NameTheShapes) {
  EXPECT_EQ(error_of("add", {{3, 4}, {5}}),
            "add '': shapes [3,4] and [5] do not broadcast: 4 against 5");
  EXPECT_EQ(error_of("linear", {{3, 4}, {5, 2}}),
            "linear '': x [3,4] has 4 channels, the weights [5,2] take 5");
  EXPECT_EQ(error_of("matmul", {{3, 4}, {4, 5}}, {{"transpose_b", true}}),
            "matmul '': inner extents differ: [3,4] times [4,5] transposed");
  EXPECT_EQ(error_of("reshape", {{2, 3}}, {{"shape", std::vector<int64_t>{4, -1}}}),
            "reshape '': [2,3] has 6 elements, not a multiple of 4");
  EXPECT_EQ(error_of("softmax", {{2, 3}}, {{"axis", 2}}),
            "softmax '': axis 2 is outside shape [2,3]");
  EXPECT_EQ(error_of("layer_norm", {{2, 3}, {4}, {3}}),
            "layer_norm '': input 1 is [4], x is [2,3] with 3 channels");
}

TEST(FirstLargest, IsTheFirstOfEquals) {
  Random random(3, 1);
  for (const int64_t n : {1, 2, 15, 16, 63, 64, 65, 511, 512, 513, 1024, 1500, 5000})
    for (const uint32_t values : {1u, 3u, 100000u})
      for (int trial = 0; trial < 5; ++trial) {
        std::vector<float> x;
        for (int64_t i = 0; i < n; ++i) x.push_back(float(random.below(values)) - 2);
        EXPECT_EQ(first_largest(x.data(), n), std::ranges::max_element(x) - x.begin()) << n;
      }
  const std::vector<float> lowest(700, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(first_largest(lowest.data(), 700), 0);
}
}  // namespace
}  // namespace cambium::dense_ops_test
