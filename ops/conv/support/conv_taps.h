// A convolution and its gradients as one sum a kernel tap: what runs where oneDNN has only its
// plain loops, which on x86 is for gradients of large dense kernels (31 x 31).
#pragma once
#include "ops/conv/support/conv.h"

namespace cambium {
// y in f32, from x and w, which are both `operands`, and with `bias` from input 2.
Kernel forward_by_taps(const ConvSizes& z, DType operands, bool bias);

// dx from dy and w, which are both `operands`; dx is `result`. Each in f32 or bf16, sums in f32.
Kernel grad_input_by_taps(const ConvSizes& z, DType operands, DType result);

// dw and, with `bias`, db from x and dy, which are both `operands`.
Kernel grad_weights_by_taps(const ConvSizes& z, DType operands, bool bias);
}  // namespace cambium
