// Layout: the axes of adapters' tensors here and in PyTorch.
#pragma once
#include <optional>

#include "graph/graph.h"

namespace cambium {
// A [in,r] -> [r,in], B [r,out] -> [out,r]; of a kernel [ky,kx,c,o]: A [ky kx c,r] -> [r,c,ky,kx]
// and B -> [o,r,1,1].
Tensor to_torch(const Tensor& t, const Shape& weight, bool second);

// The way back, into a tensor of the shape `wanted`; none where the shapes do not fit.
std::optional<Tensor> from_torch(const Tensor& t, const Shape& weight, const Shape& wanted,
                                 bool second);

// A parameter itself: products [in,out] -> [out,in], kernels [ky,kx,c,o] -> [o,c,ky,kx], others as
// they are.
Tensor whole_to_torch(const Tensor& t, const Node& parameter);
std::optional<Tensor> whole_from_torch(const Tensor& t, const Node& parameter);
}  // namespace cambium
