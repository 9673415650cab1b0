// hardswish: y = x min(max(x / 6 + 1/2, 0), 1). Howard et al. 2019, arXiv 1905.02244, section 5.2.
//   dx = 0 below -3, dy above 3, dy (x / 3 + 1/2) between
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Hardswish {
  template <class T> [[gnu::always_inline]] T operator()(T x) const {
    T gate = x * T(1.0 / 6) + T(0.5);
    gate = gate < 0 ? T(0) : gate;
    gate = gate > 1 ? T(1) : gate;
    return x * gate;
  }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("hardswish_grad", {c.in[0], dy[0]})};
}
}  // namespace

extern const Op op_hardswish = {
    .name = "hardswish",
    .doc = "x times hard_sigmoid(x)",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Hardswish>,
    .kernel = unary_kernel<Hardswish>,
    .range = unary_range<Hardswish>,
    .cost = pointwise_cost<5>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(),
};
}  // namespace cambium
