// clamp(x; lo, hi) -> y = min(max(x, lo), hi), pointwise; a NaN stays one.
// Used on gradients, so it needs none.
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Clamp {
  double lo = -1, hi = 1;
  static constexpr auto fields = std::tuple{field("lo", &Clamp::lo, "least value of the result"),
                                            field("hi", &Clamp::hi, "largest value of the result")};
};

struct ClampFunction {
  double lo, hi;
  float lo32, hi32;

  explicit ClampFunction(const Call& c)
      : lo(c.as<Clamp>().lo), hi(c.as<Clamp>().hi), lo32(float(lo)), hi32(float(hi)) {}

  [[gnu::always_inline]] float operator()(float x) const {
    return x < lo32 ? lo32 : x > hi32 ? hi32 : x;
  }

  double operator()(double x) const { return x < lo ? lo : x > hi ? hi : x; }
};

std::vector<ValueType> shape(const Call& c) {
  const auto& a = c.as<Clamp>();
  require(a.lo <= a.hi, "lo = ", a.lo, " is above hi = ", a.hi);
  return like_first(c);
}
}  // namespace

extern const Op op_clamp = {
    .name = "clamp",
    .doc = "x cut to the interval from lo to hi",
    .attrs = fields_of<Clamp>,
    .shape = shape,
    .reference = unary_reference<ClampFunction>,
    .kernel = unary_kernel<ClampFunction>,
    .range = unary_range<ClampFunction>,
    .cost = pointwise_cost<2>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(0, 0, {{"lo", -0.5}, {"hi", 0.75}}),
};
}  // namespace cambium
