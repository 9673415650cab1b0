// elu_grad: dx = dy above x = 0, dy * alpha * e^x below.
//   no gradient of its own
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

struct EluGrad {
  double alpha;
  float alpha32;

  explicit EluGrad(const Call& c) : alpha(c.as<Elu>().alpha), alpha32(float(alpha)) {}

  [[gnu::always_inline]] float operator()(float x, float dy) const {
    return x > 0 ? dy : dy * alpha32 * simd_exp(x);
  }

  double operator()(double x, double dy) const { return x > 0 ? dy : dy * alpha * std::exp(x); }
};
}  // namespace

extern const Op op_elu_grad = {
    .name = "elu_grad",
    .doc = "gradient of elu from its input x and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<Elu>,
    .shape = like_all,
    .reference = binary_reference<EluGrad>,
    .kernel = twin_kernel<EluGrad>,
    .range = binary_range<EluGrad>,
    .cost = pointwise_cost<15>,
    .reach = reach_all,
    .in_place = broadcast_in_place,
    .samples = twin_samples({{"alpha", 0.7}}),
};
}  // namespace cambium
