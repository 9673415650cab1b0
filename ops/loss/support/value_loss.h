// What value_loss and its gradient share: the attributes, the three functions of an error, and the
// checks of operands.
#pragma once
#include <cmath>

#include "graph/graph.h"
#include "ops/support/nan.h"
#include "ops/support/shapes.h"

namespace cambium {
struct ValueLossAttrs {
  std::string kind = "mse";
  double delta = 1;
  static constexpr auto fields = std::tuple{
      field("kind", &ValueLossAttrs::kind, "squares, absolute errors, or squares with a linear end")
          .one_of("mse|mae|huber"),
      field("delta", &ValueLossAttrs::delta, "huber: where the linear end begins").in(1e-12)};
};

enum class ErrorKind { kSquare, kAbsolute, kHuber };

inline ErrorKind error_kind(const ValueLossAttrs& a) {
  return a.kind == "mse"   ? ErrorKind::kSquare
         : a.kind == "mae" ? ErrorKind::kAbsolute
                           : ErrorKind::kHuber;
}

// The loss of one error e = prediction - target.
template <class T> T loss_of_error(ErrorKind kind, T delta, T e) {
  if (kind == ErrorKind::kSquare) return e * e;
  const T size = std::abs(e);
  if (kind == ErrorKind::kAbsolute) return size;
  return size <= delta ? T(0.5) * e * e : delta * (size - T(0.5) * delta);
}

// Its derivative; 0 at the kink of an absolute error.
template <class T> T slope_of_error(ErrorKind kind, T delta, T e) {
  if (kind == ErrorKind::kSquare) return 2 * e;
  const T sign = unless_nan(e, T(e > 0) - T(e < 0));
  if (kind == ErrorKind::kAbsolute) return sign;
  return std::abs(e) <= delta ? e : delta * sign;
}

// Prediction and target in f32 and of one shape.
inline void require_values(const Call& c) {
  require_f32(c, 0);
  require_f32(c, 1);
  require(c.shape(0) == c.shape(1), "predictions are ", c.shape(0), ", targets ", c.shape(1));
}
}  // namespace cambium
