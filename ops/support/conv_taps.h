// Gradients of a convolution as one sum a kernel tap: what runs where oneDNN has only its plain
// loops, which is for large dense kernels (31 x 31).
#pragma once
#include "ops/support/conv.h"

namespace cambium {
// dx from dy and w, which are both `operands`; dx is `result`. Each in f32 or bf16, sums in f32.
Kernel grad_input_by_taps(const ConvSizes& z, DType operands, DType result);

// dw and, with `bias`, db from x and dy, which are both `operands`.
Kernel grad_weights_by_taps(const ConvSizes& z, DType operands, bool bias);
}  // namespace cambium
