// dropout(x, rng; p, stream) -> y: y_i = 0 with probability p, else x_i / (1 - p).
// x: any shape; rng: i64 [2] = {seed, step}. dx_i = dy_i * factor_i with the same mask, asked again
// from Philox(seed, stream and step, i), so nothing is saved.
// Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
#include "ops/pointwise/support/dropout.h"

#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_dropout {
static std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const auto& a = c.as<Dropout>();
  return {dy[0].graph->emit("dropout_grad", {dy[0], c.in[1]}, {{"p", a.p}, {"stream", a.stream}}),
          Value{}};
}

extern const Op op_dropout;
const Op op_dropout = {.name = "dropout",
                       .doc = "zeroes a random part p of the elements and scales the rest",
                       .min_inputs = 2,
                       .max_inputs = 2,
                       .attrs = fields_of<Dropout>,
                       .shape = dropout_shape,
                       .vjp = vjp,
                       .reference = dropout_reference,
                       .kernel = dropout_kernel,
                       .cost = dropout_cost,
                       .reach = reach_pointwise,
                       .in_place = first_in_place,
                       .cheap = true,
                       .onnx = onnx_identity,
                       .samples = dropout_samples()};
}  // namespace cambium::op_dropout
