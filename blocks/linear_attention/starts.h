// Where the gates of recurrent mixers start: parameters that begin at given numbers, one for each
// element, and not at one number or at random for all.
#pragma once
#include <cmath>
#include <functional>

#include "blocks/block.h"
#include "core/rng.h"

namespace cambium {
// start(i) + a parameter that begins at zero: the same gradient, without weight decay.
inline Value weight_from(Builder& b, std::string_view name, ParameterKind kind, const Shape& shape,
                         const std::function<double(int64_t)>& start) {
  const Value base = b.table(DType::kF32, shape, [&](Tensor& t) {
    for (int64_t i = 0; i < shape.count(); ++i) t.f32()[size_t(i)] = float(start(i));
  });
  return b.emit("add", {b.weight(name, {kind, shape}), base});
}

// Step sizes softplus(value) that are log-uniform in [low, high) (Gu et al. 2022, arXiv 2206.11893,
// section 4.4); drawn from the path of the block.
inline Value step_bias(Builder& b, std::string_view name, int64_t n, double low, double high) {
  Random random(0, uint64_t(b.start_stream(name)));
  return weight_from(b, name, ParameterKind::kDynamics, {n}, [&](int64_t) {
    const double dt = std::exp(std::log(low) + random.uniform() * std::log(high / low));
    return dt + std::log(-std::expm1(-dt));  // softplus backwards
  });
}
}  // namespace cambium
