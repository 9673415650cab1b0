// block_channels: x [B,Y,X,C] -> [B, C/16, Y, X, 16], the same numbers in blocks of 16 channels.
// The pass keep_blocked places it after differentiation.
#include "ops/conv/support/blocked.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_block_channels {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_float(c, 0);
  return {{c.dtype(0), blocked_shape(c.shape(0))}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  out[0] = blocked_ref(in[0], c.out_shape());
}

Kernel kernel(const Call& c, Engine&) {
  return block_kernel(c.out_shape(), c.dtype(0), true);
}

// Channels are not told apart.
void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  if (c.shape(0).count() == 0) return;
  Reach x = mixed(in[0], std::array{3});
  x.shape.set(3, 1);
  const Shape& s = c.shape(0);
  out[0] = spread(reshaped(x, {s[0], 1, s[1], s[2], 1}), out[0].shape);
}
}  // namespace

extern const Op op_block_channels;
const Op op_block_channels = {.name = "block_channels",
                              .doc = "an image in blocks of 16 channels",
                              .shape = shape,
                              .reference = reference,
                              .kernel = kernel,
                              .cost = pointwise_cost<0>,
                              .reach = reach,
                              .cheap = true,
                              .not_onnx = kOnnxLayout,
                              .tolerance = 0,
                              .samples = {{{Shape{2, 3, 5, 32}}},
                                          {{Shape{1, 1, 1, 16}}},
                                          {{Shape{3, 17, 9, 64}}},
                                          {{SampleInput(DType::kBf16, {2, 5, 3, 32}, -1, 1)}},
                                          {{Shape{0, 2, 2, 16}}}}};
}  // namespace cambium::op_block_channels
