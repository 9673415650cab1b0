// Images in blocks of 16 channels: x [B,Y,X,C] as [B, C/16, Y, X, 16], the layout in which oneDNN's
// Winograd convolutions work. block_channels and unblock_channels are the only ways in and out;
// convolutions, batch norm and pointwise ops take images of either layout.
#pragma once
#include <functional>

#include "graph/graph.h"
#include "ops/support/dnnl.h"

namespace cambium {
constexpr int64_t kBlockChannels = 16;

// Of the shape of an image in either layout.
bool is_blocked(const Shape& image);
Shape blocked_shape(const Shape& plain);  // UserError unless [B,Y,X,C] with C in whole blocks
Shape plain_shape(const Shape& image);

// `plain` in the layout of `like`.
inline Shape shape_like(const Shape& like, const Shape& plain) {
  return is_blocked(like) ? blocked_shape(plain) : plain;
}

// oneDNN's view of a blocked image.
MemoryDesc blocked_md(const Shape& blocked);

// Reference data of an image of shape `image`, to [B,Y,X,C] and back.
Ref plain_ref(const Ref& x, const Shape& image);
Ref blocked_ref(const Ref& plain, const Shape& image);

// Copies an image into blocks (input 0 plain), or out of them; `blocked` is its shape there.
Kernel block_kernel(const Shape& blocked, DType type, bool into);

// Runs a reference that is written for [B,Y,X,C]: blocked operands and results are copied.
void in_plain_layout(const Call& c, std::span<const Ref> in, std::span<Ref> out,
                     const std::function<void(std::span<const Ref>, std::span<Ref>)>& reference);

// Those of the inputs that are there.
std::vector<int> present(const Call& c, std::initializer_list<int> inputs);
}  // namespace cambium
