// gelu_grad: dx = dy * (Phi(x) + x phi(x)), or the derivative of the tanh approximation.
#include "ops/pointwise/support/gelu.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_gelu_grad {
namespace {
bool exact(const Call& c) {
  return c.as<GeluAttrs>().approximate == "none";
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  exact(c) ? binary_reference<GeluErfGrad>(c, in, out) : binary_reference<GeluTanhGrad>(c, in, out);
}

Kernel kernel(const Call& c, Engine& e) {
  return exact(c) ? twin_kernel<GeluErfGrad>(c, e) : binary_kernel<GeluTanhGrad>(c, e);
}

RangeFunction range(const Call& c) {
  return exact(c) ? binary_range<GeluErfGrad>(c) : binary_range<GeluTanhGrad>(c);
}

std::vector<Sample> samples() {
  std::vector<Sample> all = twin_samples();
  for (const Sample& s : twin_samples({{"approximate", "none"}})) all.push_back(s);
  return all;
}
}  // namespace

extern const Op op_gelu_grad = {
    .name = "gelu_grad",
    .doc = "gradient of gelu from its input x and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<GeluAttrs>,
    .shape = like_all,
    .reference = reference,
    .kernel = kernel,
    .range = range,
    .cost = pointwise_cost<25>,
    .reach = reach_all,
    .in_place = broadcast_in_place,
    .not_onnx = kOnnxGradient,
    .samples = samples(),
};
}  // namespace cambium::op_gelu_grad
