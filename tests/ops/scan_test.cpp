// Scans over long sequences: what the samples of single operators cannot show.
#include <gtest/gtest.h>

#include "tests/support/op_case.h"

namespace cambium::scan_test {
namespace {
const Op& op_called(std::string_view name) {
  for (const Op* op : builtin_ops())
    if (op->name == name) return *op;
  throw std::invalid_argument(std::string(name));
}

// The gradient's kernel on what the forward kernel kept, against its reference.
TEST(SelectiveScan, GradientStartsFromTheStatesThatWereKept) {
  Engine engine;
  const Shape x{2, 200, 21}, by_step{2, 200, 6};
  const Sample forward{{x, SampleInput(x, -4, 1), SampleInput(Shape{21, 6}, -0.5, -0.01), by_step,
                        by_step, Shape{21}}};
  OpCase f(op_called("selective_scan"), forward);
  const std::vector<Tensor> kept = f.run(f.graph.node(f.out[0].node).op->kernel(f.call(), engine));
  Sample backward = forward;
  backward.inputs.push_back(x);
  backward.inputs.push_back(SampleInput(f.out[1].shape(), 0, 1));
  OpCase b(op_called("selective_scan_grad"), backward);
  for (size_t i = 0; i < f.data.size(); ++i) {
    b.data[i] = f.data[i];
    b.tensors[i] = f.tensors[i].clone();
  }
  b.tensors[7] = kept[1].clone();
  for (int64_t i = 0; i < kept[1].count(); ++i) b.data[7][i] = number_at(kept[1], i);
  const std::vector<Ref> want = b.reference();
  const std::vector<Tensor> got = b.run(b.graph.node(b.out[0].node).op->kernel(b.call(), engine));
  for (size_t k = 0; k < want.size(); ++k)
    for (int64_t i = 0; i < want[k].size(); ++i)
      ASSERT_NEAR(number_at(got[k], i), want[k][i], 1e-4 * std::max(1.0, std::abs(want[k][i])))
          << "output " << k << " at " << i;
}

// e^300 is far beyond f32, but every quotient is not.
TEST(Wkv, LargeKeysDoNotOverflow) {
  Engine engine;
  const Shape s{1, 90, 18};
  const Sample large{{SampleInput(s, -300, 300), s, SampleInput(Shape{18}, -2, 0), Shape{18}}};
  OpCase c(op_called("wkv"), large);
  const std::vector<Ref> want = c.reference();
  const std::vector<Tensor> got = c.run(op_called("wkv").kernel(c.call(), engine));
  for (int64_t i = 0; i < want[0].size(); ++i) ASSERT_NEAR(number_at(got[0], i), want[0][i], 2e-4);
}
}  // namespace
}  // namespace cambium::scan_test
