// stop_gradient(x [...]) -> y [...]: y = x, which counts as a constant for the gradient.
#include <cstring>

#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_stop_gradient {
namespace {
std::vector<Value> vjp(const Call&, std::span<const Value>) {
  return {Value{}};
}

void reference(const Call&, std::span<const Ref> in, std::span<Ref> out) {
  out[0].data = in[0].data;
}

Kernel kernel(const Call& c, Engine&) {
  return {.run = [bytes = size_t(c.out[0].type().bytes())](const KernelArgs& k) {
    if (k.out[0] != k.in[0]) std::memcpy(k.out[0], k.in[0], bytes);
  }};
}

RangeFunction range(const Call&) {
  return [](const float* const* in, float* y, int64_t n) {
    if (y != in[0]) std::memcpy(y, in[0], size_t(n) * sizeof(float));
  };
}
}  // namespace

extern const Op op_stop_gradient;
const Op op_stop_gradient = {.name = "stop_gradient",
                             .doc = "x itself, which counts as a constant for the gradient",
                             .shape = like_first,
                             .vjp = vjp,
                             .reference = reference,
                             .kernel = kernel,
                             .range = range,
                             .cost = pointwise_cost<0>,
                             .reach = reach_pointwise,
                             .in_place = first_in_place,
                             .cheap = true,
                             .onnx = onnx_identity,
                             .smooth = false,  // it answers none on purpose
                             .samples = unary_samples()};
}  // namespace cambium::op_stop_gradient
