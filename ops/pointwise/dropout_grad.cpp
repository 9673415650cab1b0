// dropout_grad(dy, rng; p, stream) -> dx: dx_i = dy_i * factor_i, the mask of dropout's forward
// pass.
#include "ops/pointwise/support/dropout.h"
#include "ops/support/reach.h"

namespace cambium::op_dropout_grad {
extern const Op op_dropout_grad;
const Op op_dropout_grad = {.name = "dropout_grad",
                            .doc = "gradient of dropout: the same mask on dy",
                            .min_inputs = 2,
                            .max_inputs = 2,
                            .attrs = fields_of<Dropout>,
                            .shape = dropout_shape,
                            .reference = dropout_reference,
                            .kernel = dropout_kernel,
                            .cost = dropout_cost,
                            .reach = reach_all,
                            .in_place = first_in_place,
                            .not_onnx = kOnnxGradient,
                            .samples = dropout_samples()};
}  // namespace cambium::op_dropout_grad
