// leaky_relu_grad: dx = dy above x = 0, slope * dy below.
//   no gradient of its own
#include "ops/support/nan.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct LeakyRelu {
  double slope = 0.01;
  static constexpr auto fields = std::tuple{field("slope", &LeakyRelu::slope, "slope below 0")};
};

struct LeakyReluGrad {
  double slope;
  float slope32;

  explicit LeakyReluGrad(const Call& c) : slope(c.as<LeakyRelu>().slope), slope32(float(slope)) {}

  [[gnu::always_inline]] float operator()(float x, float dy) const {
    return unless_nan(x, x > 0 ? dy : slope32 * dy);
  }

  double operator()(double x, double dy) const { return unless_nan(x, x > 0 ? dy : slope * dy); }
};
}  // namespace

extern const Op op_leaky_relu_grad = {
    .name = "leaky_relu_grad",
    .doc = "gradient of leaky_relu from its input x and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<LeakyRelu>,
    .shape = like_all,
    .reference = binary_reference<LeakyReluGrad>,
    .kernel = twin_kernel<LeakyReluGrad>,
    .range = binary_range<LeakyReluGrad>,
    .cost = pointwise_cost<2>,
    .reach = reach_all,
    .in_place = broadcast_in_place,
    .samples = twin_samples({{"slope", 0.2}}),
};
}  // namespace cambium
