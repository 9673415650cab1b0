// leaky_relu: y = x above 0, slope * x below. Maas et al. 2013.
//   dx = dy above 0, slope * dy below
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct LeakyRelu {
  double slope = 0.01;
  static constexpr auto fields = std::tuple{field("slope", &LeakyRelu::slope, "slope below 0")};
};

struct LeakyReluFunction {
  double slope;
  float slope32;

  explicit LeakyReluFunction(const Call& c)
      : slope(c.as<LeakyRelu>().slope), slope32(float(slope)) {}

  [[gnu::always_inline]] float operator()(float x) const { return x > 0 ? x : slope32 * x; }

  double operator()(double x) const { return x > 0 ? x : slope * x; }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {
      dy[0].graph->emit("leaky_relu_grad", {c.in[0], dy[0]}, {{"slope", c.as<LeakyRelu>().slope}})};
}
}  // namespace

extern const Op op_leaky_relu = {
    .name = "leaky_relu",
    .doc = "x above 0, slope * x below",
    .attrs = fields_of<LeakyRelu>,
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<LeakyReluFunction>,
    .kernel = unary_kernel<LeakyReluFunction>,
    .range = unary_range<LeakyReluFunction>,
    .cost = pointwise_cost<2>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(0, 0, {{"slope", 0.2}}),
};
}  // namespace cambium
