// scale: y = a * x + b with fixed numbers a and b.
//   dx = a * dy
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Scale {
  double a = 1, b = 0;
  static constexpr auto fields =
      std::tuple{field("a", &Scale::a, "factor"), field("b", &Scale::b, "what is added after")};
};

struct ScaleFunction {
  double a, b;
  float a32, b32;

  explicit ScaleFunction(const Call& c)
      : a(c.as<Scale>().a), b(c.as<Scale>().b), a32(float(a)), b32(float(b)) {}

  [[gnu::always_inline]] float operator()(float x) const { return a32 * x + b32; }

  double operator()(double x) const { return a * x + b; }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("scale", {dy[0]}, {{"a", c.as<Scale>().a}})};
}
}  // namespace

extern const Op op_scale = {
    .name = "scale",
    .doc = "a * x + b",
    .attrs = fields_of<Scale>,
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<ScaleFunction>,
    .kernel = unary_kernel<ScaleFunction>,
    .range = unary_range<ScaleFunction>,
    .cost = pointwise_cost<2>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(0, 0, {{"a", -1.7}, {"b", 0.3}}),
};
}  // namespace cambium
