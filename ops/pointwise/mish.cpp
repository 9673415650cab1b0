// mish: y = x tanh(log(1 + e^x)). Misra 2019, arXiv 1908.08681.
//   tanh(log(1 + w)) = n / (n + 2) with w = e^x and n = w (w + 2): one exponential is enough
//   dx = dy (t + x (1 - t^2) sigmoid(x)) with t = n / (n + 2)
#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Mish {
  [[gnu::always_inline]] float operator()(float x) const {
    const float w = simd_exp(x > 20 ? 20.0f : x);  // beyond, n / (n + 2) is 1 in f32
    const float n = w * (w + 2);
    return x * (n / (n + 2));
  }

  double operator()(double x) const { return x * std::tanh(std::log1p(std::exp(x))); }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("mish_grad", {c.in[0], dy[0]})};
}
}  // namespace

extern const Op op_mish = {
    .name = "mish",
    .doc = "x tanh(log(1 + e^x))",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Mish>,
    .kernel = unary_kernel<Mish>,
    .range = unary_range<Mish>,
    .cost = pointwise_cost<18>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(),
};
}  // namespace cambium
