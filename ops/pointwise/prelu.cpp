// prelu: y = x above 0, slope_c x below, with a trained slope for each channel. He et al. 2015,
// arXiv 1502.01852.
//   x, y: [..., C]   slope: [C]
//   dx = dy above 0, slope dy below;  dslope = sum over rows of dy x where x < 0
#include "ops/norm/support/norm.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_prelu {
namespace {
struct Prelu {
  template <class T> [[gnu::always_inline]] T operator()(T x, T slope) const {
    return x < 0 ? slope * x : x;
  }
};

std::vector<ValueType> shape(const Call& c) {
  require_norm_inputs(c, 0, std::array{1});
  return {{DType::kF32, c.shape(0)}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const Value dx = dy[0].graph->emit("prelu_grad", {dy[0], c.in[0], c.in[1]});
  return {dx, dx.nth(1)};
}
}  // namespace

extern const Op op_prelu = {
    .name = "prelu",
    .doc = "x above 0, a trained slope of its channel times x below",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = shape,
    .vjp = vjp,
    .reference = binary_reference<Prelu>,
    .kernel = binary_kernel<Prelu>,
    .cost = pointwise_cost<2>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .cheap = true,
    .onnx = onnx_prelu,
    .samples = {{{Shape{2, 3, 5}, Shape{5}}},
                {{Shape{130, 65}, Shape{65}}},
                {{Shape{4}, Shape{4}}},
                {{Shape{3, 1}, Shape{1}}},
                {{Shape{0, 3}, Shape{3}}}},
};
}  // namespace cambium::op_prelu
