// gelu: y = x Phi(x), exact or with the tanh approximation (see ops/pointwise/support/gelu.h).
//   dx = dy * (Phi(x) + x phi(x))
#include "ops/pointwise/support/gelu.h"

#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_gelu {
namespace {
bool exact(const Call& c) {
  return c.as<GeluAttrs>().approximate == "none";
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("gelu_grad", {c.in[0], dy[0]}, c.attrs)};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  exact(c) ? unary_reference<GeluErf>(c, in, out) : unary_reference<GeluTanh>(c, in, out);
}

Kernel kernel(const Call& c, Engine& e) {
  return exact(c) ? unary_kernel<GeluErf>(c, e) : unary_kernel<GeluTanh>(c, e);
}

RangeFunction range(const Call& c) {
  return exact(c) ? unary_range<GeluErf>(c) : unary_range<GeluTanh>(c);
}

std::vector<Sample> samples() {
  std::vector<Sample> all = unary_samples();
  for (const Sample& s : unary_samples(-5, 5, {{"approximate", "none"}})) all.push_back(s);
  return all;
}
}  // namespace

extern const Op op_gelu = {
    .name = "gelu",
    .doc = "x times the normal distribution function of x",
    .attrs = fields_of<GeluAttrs>,
    .shape = like_first,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .range = range,
    .cost = pointwise_cost<19>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .onnx = onnx_gelu,
    .samples = samples(),
};
}  // namespace cambium::op_gelu
