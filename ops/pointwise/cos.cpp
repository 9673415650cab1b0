// cos: y = cos(x), x in radians. dx = -dy * sin(x)
#include "ops/pointwise/support/simd_trig.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_cos {
namespace {
void reference(const Call&, std::span<const Ref> in, std::span<Ref> out) {
  for (int64_t i = 0; i < out[0].size(); ++i) out[0][i] = Cosine::exact(in[0][i]);
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t n = c.out_shape().count();
  return {.run = [n](const KernelArgs& k) {
    parallel_for(n, kPointwiseGrain, [&](int64_t begin, int64_t end) {
      map_angles<Cosine>(k.f32(0) + begin, k.out_f32() + begin, end - begin);
    });
  }};
}

RangeFunction range(const Call&) {
  return [](const float* const* in, float* y, int64_t n) { map_angles<Cosine>(in[0], y, n); };
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  return {g.emit("neg", {g.emit("mul", {dy[0], g.emit("sin", {c.in[0]})})})};
}
}  // namespace

extern const Op op_cos = {
    .name = "cos",
    .doc = "cosine of an angle in radians",
    .shape = like_first,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .range = range,
    .cost = pointwise_cost<20>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(-30, 30),
};
}  // namespace cambium::op_cos
