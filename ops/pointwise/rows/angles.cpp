// Sine and cosine of angles in radians. They work by blocks, since large angles go another way.
#include "ops/pointwise/support/simd_trig.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::rows_angles {
namespace {
template <class F> void reference(const Call&, std::span<const Ref> in, std::span<Ref> out) {
  for (int64_t i = 0; i < out[0].size(); ++i) out[0][i] = F::exact(in[0][i]);
}

template <class F> Kernel kernel(const Call& c, Engine&) {
  const int64_t n = c.out_shape().count();
  return {.run = [n](const KernelArgs& k) {
    parallel_for(n, kPointwiseGrain, [&](int64_t begin, int64_t end) {
      map_angles<F>(k.f32(0) + begin, k.out_f32() + begin, end - begin);
    });
  }};
}

template <class F> RangeFunction range(const Call&) {
  return [](const float* const* in, float* y, int64_t n) { map_angles<F>(in[0], y, n); };
}

std::vector<Value> vjp_of_sine(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  return {g.emit("mul", {dy[0], g.emit("cos", {c.in[0]})})};
}

std::vector<Value> vjp_of_cosine(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  return {g.emit("neg", {g.emit("mul", {dy[0], g.emit("sin", {c.in[0]})})})};
}

template <class F>
Op row(std::string_view name, std::string_view doc, decltype(Op::vjp) vjp,
       decltype(Op::onnx) onnx) {
  return {.name = name,
          .doc = doc,
          .shape = like_first,
          .vjp = vjp,
          .reference = reference<F>,
          .kernel = kernel<F>,
          .range = range<F>,
          .cost = pointwise_cost<20>,
          .reach = reach_pointwise,
          .in_place = first_in_place,
          .onnx = onnx,
          .samples = unary_samples(-30, 30)};
}
}  // namespace

extern const std::vector<Op> rows_angles;
const std::vector<Op> rows_angles = {
    row<Sine>("sin", "sine of an angle in radians", vjp_of_sine, onnx_sin),
    row<Cosine>("cos", "cosine of an angle in radians", vjp_of_cosine, onnx_cos)};
}  // namespace cambium::rows_angles
