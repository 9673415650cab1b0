// relu2: y = max(x, 0)^2. So et al. 2021, arXiv 2109.08668 (Primer).
//   dx = 2 dy max(x, 0)
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Relu2 {
  template <class T> [[gnu::always_inline]] T operator()(T x) const {
    return x < 0 ? T(0) : x * x;  // NaN stays NaN
  }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("relu2_grad", {c.in[0], dy[0]})};
}
}  // namespace

extern const Op op_relu2 = {
    .name = "relu2",
    .doc = "max(x, 0) squared",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Relu2>,
    .kernel = unary_kernel<Relu2>,
    .range = unary_range<Relu2>,
    .cost = pointwise_cost<2>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(),
};
}  // namespace cambium
