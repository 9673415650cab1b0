// What both halves of RWKV share: each token is mixed with the one before it.
#pragma once
#include "blocks/layers.h"
#include "blocks/linear_attention/starts.h"
#include "blocks/steps.h"

namespace cambium {
// x one token later, zeros first. [B,T,C]
inline Value token_before(Builder& b, Value x) {
  if (b.step) return b.emit("slice", {with_past(b, x, 1)}, {{"axis", 1}, {"begin", 0}, {"end", 1}});
  const int64_t t = x.shape()[1];
  const Value kept =
      b.emit("slice", {x}, {{"axis", 1}, {"begin", 0}, {"end", std::max<int64_t>(0, t - 1)}});
  return b.emit("pad", {kept}, {{"axis", 1}, {"before", std::min<int64_t>(1, t)}, {"after", 0}});
}

// mu x_t + (1 - mu) x_{t-1} with a parameter mu [C] that starts at `start`(share of the channel).
inline Value time_shift(Builder& b, std::string_view name, Value x, Value before,
                        const std::function<double(double)>& start) {
  const int64_t c = x.shape().last();
  const Value mu = weight_from(b, name, ParameterKind::kScale, {c},
                               [&](int64_t i) { return start(double(i) / double(c)); });
  return b.emit("add", {before, b.emit("mul", {b.emit("sub", {x, before}), mu})});
}
}  // namespace cambium
