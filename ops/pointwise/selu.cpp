// selu: y = s x above 0, s a (e^x - 1) below; s and a keep mean 0 and variance 1 from layer to
// layer. Klambauer et al. 2017, arXiv 1706.02515.
//   dx = s dy above 0, s a e^x dy below
#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
constexpr double kScale = 1.0507009873554804934, kAlpha = 1.6732632423543772848;

struct Selu {
  [[gnu::always_inline]] float operator()(float x) const {
    return x > 0 ? float(kScale) * x : float(kScale * kAlpha) * (simd_exp(x) - 1);
  }

  double operator()(double x) const { return kScale * (x > 0 ? x : kAlpha * std::expm1(x)); }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("selu_grad", {c.in[0], dy[0]})};
}
}  // namespace

extern const Op op_selu = {
    .name = "selu",
    .doc = "1.0507 x above 0, 1.7581 (e^x - 1) below",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Selu>,
    .kernel = unary_kernel<Selu>,
    .range = unary_range<Selu>,
    .cost = pointwise_cost<16>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    // Many elements keep away from the kink at 0, across which finite differences mean nothing.
    .samples = {{{Shape{3, 7}}},
                {{Shape{}}},
                {{Shape{1}}},
                {{Shape{0, 3}}},
                {{{Shape{131, 65}, -4, -0.01}}},
                {{{Shape{131, 65}, 0.01, 4}}}},
};
}  // namespace cambium
