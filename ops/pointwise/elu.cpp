// elu: y = x above 0, alpha * (e^x - 1) below. Clevert et al. 2015, arXiv 1511.07289.
//   dx = dy above 0, dy * alpha * e^x below
#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Elu {
  double alpha = 1;
  static constexpr auto fields =
      std::tuple{field("alpha", &Elu::alpha, "minus the limit at minus infinity").in(0)};
};

struct EluFunction {
  double alpha;
  float alpha32;

  explicit EluFunction(const Call& c) : alpha(c.as<Elu>().alpha), alpha32(float(alpha)) {}

  [[gnu::always_inline]] float operator()(float x) const {
    return x > 0 ? x : alpha32 * (simd_exp(x) - 1);
  }

  double operator()(double x) const { return x > 0 ? x : alpha * std::expm1(x); }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("elu_grad", {c.in[0], dy[0]}, {{"alpha", c.as<Elu>().alpha}})};
}
}  // namespace

extern const Op op_elu = {
    .name = "elu",
    .doc = "x above 0, alpha * (e^x - 1) below",
    .attrs = fields_of<Elu>,
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<EluFunction>,
    .kernel = unary_kernel<EluFunction>,
    .range = unary_range<EluFunction>,
    .cost = pointwise_cost<15>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(0, 0, {{"alpha", 0.7}}),
};
}  // namespace cambium
