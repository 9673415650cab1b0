// hard_sigmoid: y = min(max(x / 6 + 1/2, 0), 1). Howard et al. 2019, arXiv 1905.02244, section 5.2.
//   dx = dy / 6 where |x| < 3, else 0
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct HardSigmoid {
  template <class T> [[gnu::always_inline]] T operator()(T x) const {
    T y = x * T(1.0 / 6) + T(0.5);
    y = y < 0 ? T(0) : y;  // both written so that NaN passes through
    return y > 1 ? T(1) : y;
  }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("hard_sigmoid_grad", {c.in[0], dy[0]})};
}
}  // namespace

extern const Op op_hard_sigmoid = {
    .name = "hard_sigmoid",
    .doc = "x / 6 + 1/2, cut off at 0 and 1",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<HardSigmoid>,
    .kernel = unary_kernel<HardSigmoid>,
    .range = unary_range<HardSigmoid>,
    .cost = pointwise_cost<4>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(),
};
}  // namespace cambium
