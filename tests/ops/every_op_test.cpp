// What every operator must keep, generated from the samples it declares.
#include <gtest/gtest.h>

#include "core/system/parallel.h"
#include "tests/support/gradcheck.h"

namespace cambium::every_op_test {
namespace {
Engine& engine() {
  static Engine e;
  return e;
}

std::vector<const Op*> ops_that(bool (*keep)(const Op&)) {
  std::vector<const Op*> kept;
  for (const Op* op : builtin_ops())
    if (keep(*op)) kept.push_back(op);
  return kept;
}

std::string name_of_op(const testing::TestParamInfo<const Op*>& info) {
  return std::string(info.param->name);
}

std::string describe(const Sample& s) {
  std::string text;
  for (const SampleInput& i : s.inputs) text += (i.absent ? "none" : i.type.text()) + " ";
  for (const Arg& a : s.args) text += a.name + "=" + a.value.text() + " ";
  return text;
}

void expect_close(const Tensor& got, const Ref& want, double tolerance) {
  if (got.type().dtype == DType::kAdjacency) {
    EXPECT_TRUE(same_graph(adjacency_of(got), *want.adjacency));
    return;
  }
  ASSERT_EQ(got.count(), want.size());
  // A sum beside the middle of two bf16 numbers may be rounded to either.
  if (got.type().dtype == DType::kBf16) tolerance = std::max(tolerance, 1.0 / 256);
  int64_t wrong = 0;
  for (int64_t i = 0; i < want.size(); ++i) {
    const double a = number_at(got, i), b = want[i];
    const bool same = a == b || (std::isnan(a) && std::isnan(b)) ||
                      std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b));
    if (!same && ++wrong <= 3) ADD_FAILURE() << "element " << i << " is " << a << ", not " << b;
  }
  EXPECT_EQ(wrong, 0);
}

class EveryOp : public testing::TestWithParam<const Op*> {};

TEST_P(EveryOp, IsComplete) {
  const Op& op = *GetParam();
  EXPECT_FALSE(op.doc.empty());
  EXPECT_GE(op.samples.size(), 2u);
  ASSERT_TRUE(op.shape);
  EXPECT_TRUE(op.reach) << "it does not say what it hears";
  EXPECT_TRUE(op.view || (op.reference && op.kernel));
  bool can_be_empty = false, has_empty = false;
  for (const Sample& s : op.samples)
    for (const SampleInput& i : s.inputs) {
      if (i.absent || i.type.dtype == DType::kAdjacency) continue;
      can_be_empty |= i.type.shape.rank() > 0;
      has_empty |= i.type.shape.count() == 0;
    }
  EXPECT_EQ(has_empty, can_be_empty) << "no sample has an empty input";
}

TEST_P(EveryOp, CostsSomething) {
  const Op& op = *GetParam();
  for (const Sample& s : op.samples) {
    OpCase c(op, s);
    if (!op.cost || c.out[0].shape().count() == 0) continue;
    const Cost cost = op.cost(c.call());
    EXPECT_GE(cost.products, 0) << describe(s);
    EXPECT_GE(cost.flops, cost.products) << describe(s);
    EXPECT_GT(cost.bytes, 0) << describe(s);
  }
}

class OpKernel : public testing::TestWithParam<const Op*> {};

TEST_P(OpKernel, MatchesReference) {
  const Op& op = *GetParam();
  for (const Sample& s : samples_here(op, engine())) {
    SCOPED_TRACE(describe(s));
    OpCase c(op, s);
    const std::vector<Ref> want = c.reference();
    const Kernel kernel = op.kernel(c.call(), engine());
    const std::vector<Tensor> got = c.run(kernel), again = c.run(kernel);
    for (size_t k = 0; k < got.size(); ++k) {
      expect_close(got[k], want[k], op.tolerance);
      EXPECT_TRUE(same_bits(got[k], again[k])) << "output " << k << " differs in a second run";
    }
  }
}

// Where oneDNN has only plain loops, as on a machine that it has no code for. Images in blocks are
// for its Winograd convolutions alone.
class OwnKernel : public testing::TestWithParam<const Op*> {};

TEST_P(OwnKernel, MatchesReference) {
  const Op& op = *GetParam();
  Engine alone{.own_only = true};
  for (const Sample& s : samples_here(op, alone)) {
    if (s.inputs[0].type.shape.rank() == 5) continue;
    SCOPED_TRACE(describe(s));
    OpCase c(op, s);
    const std::vector<Ref> want = c.reference();
    const Kernel kernel = op.kernel(c.call(), alone);
    EXPECT_EQ(kernel.impl, "own");
    const std::vector<Tensor> got = c.run(kernel);
    for (size_t k = 0; k < got.size(); ++k) expect_close(got[k], want[k], op.tolerance);
  }
}

TEST_P(OpKernel, WorksOnOneThread) {
  const Op& op = *GetParam();
  const int threads = thread_count();
  set_thread_count(1);
  for (const Sample& s : samples_here(op, engine())) {
    SCOPED_TRACE(describe(s));
    OpCase c(op, s);
    const std::vector<Ref> want = c.reference();
    const Kernel kernel = op.kernel(c.call(), engine());  // an adjacency it answers is its own
    const std::vector<Tensor> got = c.run(kernel);
    for (size_t k = 0; k < got.size(); ++k) expect_close(got[k], want[k], op.tolerance);
  }
  set_thread_count(threads);
}

class OpInPlace : public testing::TestWithParam<const Op*> {};

TEST_P(OpInPlace, GivesTheSameBits) {
  const Op& op = *GetParam();
  for (const Sample& s : samples_here(op, engine())) {
    SCOPED_TRACE(describe(s));
    OpCase c(op, s);
    const Kernel kernel = op.kernel(c.call(), engine());
    const std::vector<Tensor> apart = c.run(kernel);
    for (InPlace p : op.in_place(c.call())) {
      ASSERT_EQ(c.in[size_t(p.in)].type().bytes(), c.out[size_t(p.out)].type().bytes());
      const std::vector<Tensor> shared = c.run(kernel, {&p, 1});
      for (size_t k = 0; k < apart.size(); ++k)
        EXPECT_TRUE(same_bits(apart[k], shared[k])) << "output " << k << " over input " << p.in;
    }
  }
}

class OpGradient : public testing::TestWithParam<const Op*> {};

TEST_P(OpGradient, MatchesFiniteDifferences) {
  const Op& op = *GetParam();
  int tried = 0;
  for (const Sample& s : op.samples) {
    if (!has_slopes(op, s)) continue;
    ++tried;
    int64_t elements = 0;
    for (const SampleInput& i : s.inputs) elements += i.absent ? 0 : i.type.shape.count();
    const uint64_t seeds = elements <= 300 ? 12 : 2;
    for (uint64_t seed = 1; seed <= seeds; ++seed)
      EXPECT_LT(gradient_error(op, s, seed), 1e-7) << describe(s) << " seed " << seed;
  }
  EXPECT_GT(tried, 0) << "no sample of f32";
}

const auto any = [](const Op&) { return true; };
const auto has_kernel = [](const Op& op) { return op.kernel != nullptr; };
const auto has_in_place = [](const Op& op) { return op.kernel && op.in_place; };
const auto has_both = [](const Op& op) {
  constexpr std::string_view names[] = {"conv2d", "conv2d_grad_input", "conv2d_grad_weights",
                                        "pool2d", "softmax",           "softmax_grad"};
  return std::ranges::find(names, op.name) != std::end(names);
};
// Others have no gradient by nature (integer results, gradients themselves) or kinks everywhere.
const auto has_gradient = [](const Op& op) { return op.vjp && op.smooth; };

// So that a new product cannot forget what precision it is made in.
TEST_P(EveryOp, AProductSaysWhatItDoesInBf16) {
  const Op& op = *GetParam();
  if (!op.cost) return;
  for (const Sample& s : op.samples) {
    OpCase c(op, s);
    if (op.cost(c.call()).products > 0) {
      EXPECT_NE(op.bf16, nullptr);
      return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, OwnKernel, testing::ValuesIn(ops_that(has_both)), name_of_op);
INSTANTIATE_TEST_SUITE_P(Ops, EveryOp, testing::ValuesIn(ops_that(any)), name_of_op);
INSTANTIATE_TEST_SUITE_P(Ops, OpKernel, testing::ValuesIn(ops_that(has_kernel)), name_of_op);
INSTANTIATE_TEST_SUITE_P(Ops, OpInPlace, testing::ValuesIn(ops_that(has_in_place)), name_of_op);
INSTANTIATE_TEST_SUITE_P(Ops, OpGradient, testing::ValuesIn(ops_that(has_gradient)), name_of_op);
}  // namespace
}  // namespace cambium::every_op_test
