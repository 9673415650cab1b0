// What the message passing blocks share: how their weights start and their usual options.
#pragma once
#include <cmath>

#include "blocks/layers.h"

namespace cambium {
// Glorot and Bengio 2010: U(+-sqrt(6 / (fan in + fan out))), the start of the published graph
// networks, unless the spec sets one for all weights.
inline Init glorot(const Builder& b, int64_t fan_in, int64_t fan_out) {
  if (b.weight_start.std > 0) return {Init::kNormal, b.weight_start.std};
  return {Init::kUniform, std::sqrt(6.0 / double(std::max<int64_t>(fan_in + fan_out, 1)))};
}

// `width: 0` keeps the width of the stream.
inline int64_t width_or_channels(int64_t width, const Stream& s) {
  return width > 0 ? width : s.channels();
}

// x + b with a parameter "bias" [C] that starts at zero and does not decay.
inline Value add_bias(Builder& b, Value x) {
  return b.emit("add", {x, b.param("bias", {x.shape().last()}, {}, false)});
}
}  // namespace cambium
