// sparse_linear against the dense operators on features that are mostly zeros.
#include <gtest/gtest.h>

#include "core/system/parallel.h"
#include "tests/support/op_case.h"

namespace cambium::sparse_test {
namespace {
Engine& engine() {
  static Engine e;
  return e;
}

// The op on x [rows,columns] with about one non-zero in forty and, of three rows, one empty.
OpCase sparse_case(const char* op, int64_t rows, int64_t columns, int64_t width, const Args& args) {
  const SampleInput rng(DType::kI64, {2}, 1, 9);
  const Graph ops(builtin_ops());
  const Op& found = ops.op(op);
  OpCase c(found, {{Shape{rows, columns}, Shape{columns, width}, rng}, args});
  Random random(3);
  for (int64_t i = 0; i < rows * columns; ++i)
    if (i / columns % 3 == 1 || random.below(40) != 0) c.tensors[0].f32()[size_t(i)] = 0;
  for (int64_t i = 0; i < rows * columns; ++i) c.data[0][i] = c.tensors[0].f32()[size_t(i)];
  return c;
}

Tensor run_op(std::string_view name, const std::vector<const Tensor*>& in, const Args& args) {
  Graph g(builtin_ops());
  std::vector<Value> values;
  std::vector<const void*> sources;
  for (const Tensor* t : in) {
    values.push_back(g.input(str("x", values.size()), t->type()));
    sources.push_back(t->data());
  }
  const std::vector<Value> out = g.outputs_of(g.emit(name, values, args).node);
  const Kernel kernel = g.op(name).kernel({values, g.node(out[0].node).attrs, out}, engine());
  Tensor y(out[0].type()), scratch(DType::kU8, Shape{kernel.scratch_bytes});
  void* target = y.data();
  kernel.run({sources.data(), &target, scratch.data()});
  return y;
}

void expect_near(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.type(), b.type());
  for (int64_t i = 0; i < a.count(); ++i)
    ASSERT_NEAR(number_at(a, i), number_at(b, i), 1e-4) << "element " << i;
}

class SparseLinear : public testing::TestWithParam<double> {};

// The masks are those of `dropout`: whoever changes from one to the other keeps the run.
TEST_P(SparseLinear, IsLinearOfDropout) {
  const double p = GetParam();
  for (const Shape& s : {Shape{50, 1433, 16}, Shape{1, 70, 7}, Shape{31, 32, 64}}) {
    OpCase c = sparse_case("sparse_linear", s[0], s[1], s[2], {{"dropout", p}, {"stream", 11}});
    const Op& op = c.graph.op("sparse_linear");
    const std::vector<Tensor> got = c.run(op.kernel(c.call(), engine()));
    const std::vector<Ref> want = c.reference();
    for (int64_t i = 0; i < want[1].size(); ++i) ASSERT_EQ(number_at(got[1], i), want[1][i]);
    const Tensor dropped =
        run_op("dropout", {&c.tensors[0], &c.tensors[2]}, {{"p", p}, {"stream", 11}});
    expect_near(got[0], run_op("linear", {&dropped, &c.tensors[1]}, {}));
    const Tensor dw = run_op("sparse_linear_grad_weights", {&c.tensors[0], &got[0], &got[1]},
                             {{"scale", 1 / (1 - p)}});
    expect_near(dw, run_op("linear_grad_weights", {&dropped, &got[0]}, {{"bias", false}}));
  }
}

INSTANTIATE_TEST_SUITE_P(Dropout, SparseLinear, testing::Values(0.0, 0.5, 0.9));

TEST(SparseProduct, GivesTheSameBitsOnAnyNumberOfThreads) {
  OpCase c = sparse_case("sparse_linear", 900, 700, 24, {{"dropout", 0.3}});
  const Kernel kernel = c.graph.op("sparse_linear").kernel(c.call(), engine());
  const auto both = [&] {
    std::vector<Tensor> y = c.run(kernel);
    y.push_back(run_op("sparse_linear_grad_weights", {&c.tensors[0], &y[0], &y[1]}, {}));
    return y;
  };
  const int threads = thread_count();
  set_thread_count(1);
  const std::vector<Tensor> one = both();
  set_thread_count(3);
  const std::vector<Tensor> three = both();
  set_thread_count(threads);
  for (size_t k = 0; k < one.size(); ++k) EXPECT_TRUE(same_bits(one[k], three[k])) << k;
}
}  // namespace
}  // namespace cambium::sparse_test
