// unblock_channels: x [B, C/16, Y, X, 16] -> [B,Y,X,C], what block_channels undoes.
#include "ops/conv/support/blocked.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_unblock_channels {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_float(c, 0);
  require(is_blocked(c.shape(0)), "x must be in blocks of ", kBlockChannels, " channels, got ",
          c.shape(0));
  return {{c.dtype(0), plain_shape(c.shape(0))}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  out[0] = plain_ref(in[0], c.shape(0));
}

Kernel kernel(const Call& c, Engine&) {
  return block_kernel(c.shape(0), c.dtype(0), false);
}

// Channels are not told apart.
void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  if (c.shape(0).count() == 0) return;
  Reach x = mixed(in[0], std::array{1, 4});
  x.shape.set(1, 1);
  x.shape.set(4, 1);
  out[0] = spread(reshaped(x, out[0].shape.with_last(1)), out[0].shape);
}
}  // namespace

extern const Op op_unblock_channels;
const Op op_unblock_channels = {.name = "unblock_channels",
                                .doc = "an image in blocks of 16 channels, channels last again",
                                .shape = shape,
                                .reference = reference,
                                .kernel = kernel,
                                .cost = pointwise_cost<0>,
                                .reach = reach,
                                .cheap = true,
                                .not_onnx = kOnnxLayout,
                                .tolerance = 0,
                                .samples = {{{Shape{2, 2, 3, 5, 16}}},
                                            {{Shape{1, 1, 1, 1, 16}}},
                                            {{Shape{3, 4, 17, 9, 16}}},
                                            {{SampleInput(DType::kBf16, {2, 2, 5, 3, 16}, -1, 1)}},
                                            {{Shape{0, 1, 2, 2, 16}}}}};
}  // namespace cambium::op_unblock_channels
