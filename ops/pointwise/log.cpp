// log: y = ln(x); -inf at 0, NaN below.
//   dx = dy / x
#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Log {
  [[gnu::always_inline]] float operator()(float x) const { return simd_log(x); }

  double operator()(double x) const { return std::log(x); }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("div", {dy[0], c.in[0]})};
}
}  // namespace

extern const Op op_log = {
    .name = "log",
    .doc = "natural logarithm",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Log>,
    .kernel = unary_kernel<Log>,
    .range = unary_range<Log>,
    .cost = pointwise_cost<16>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(0.3, 5),
};
}  // namespace cambium
