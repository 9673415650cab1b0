// softplus_grad: dx = dy sigmoid(x).
#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct SoftplusGrad {
  [[gnu::always_inline]] float operator()(float x, float dy) const { return dy * simd_sigmoid(x); }

  double operator()(double x, double dy) const { return dy / (1 + std::exp(-x)); }
};
}  // namespace

extern const Op op_softplus_grad = {
    .name = "softplus_grad",
    .doc = "gradient of softplus from its input x and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = like_all,
    .reference = binary_reference<SoftplusGrad>,
    .kernel = twin_kernel<SoftplusGrad>,
    .range = binary_range<SoftplusGrad>,
    .cost = pointwise_cost<15>,
    .reach = reach_all,
    .in_place = broadcast_in_place,
    .samples = twin_samples(),
};
}  // namespace cambium
