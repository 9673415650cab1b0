// lerp: y = a + t * (b - a): running statistics, moving averages.
//   da = (1 - t) * dy, db = t * dy
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Lerp {
  double t = 0.1;
  static constexpr auto fields = std::tuple{field("t", &Lerp::t, "how far from a to b").in(0, 1)};
};

struct LerpFunction {
  double t;
  float t32;

  explicit LerpFunction(const Call& c) : t(c.as<Lerp>().t), t32(float(t)) {}

  [[gnu::always_inline]] float operator()(float a, float b) const { return a + t32 * (b - a); }

  double operator()(double a, double b) const { return a + t * (b - a); }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  const double t = c.as<Lerp>().t;
  return {g.emit("scale", {dy[0]}, {{"a", 1 - t}}), g.emit("scale", {dy[0]}, {{"a", t}})};
}
}  // namespace

extern const Op op_lerp = {
    .name = "lerp",
    .doc = "a + t * (b - a)",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<Lerp>,
    .shape = f32_like_all,
    .vjp = vjp,
    .reference = binary_reference<LerpFunction>,
    .kernel = twin_kernel<LerpFunction>,
    .cost = pointwise_cost<3>,
    .reach = reach_pointwise,
    .in_place = broadcast_in_place,
    .cheap = true,
    .samples = twin_samples({{"t", 0.3}}),
};
}  // namespace cambium
