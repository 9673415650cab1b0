// The activations that products apply themselves, too (activation.h), as rows.
#pragma once
#include <cmath>

#include "ops/pointwise/support/rows.h"
#include "ops/support/nan.h"

namespace cambium {
// y = max(x, 0); NaN stays NaN.
struct Relu {
  static constexpr RowInfo info = {"relu", "max(x, 0)", 1, 1, true};
  static constexpr auto onnx = onnx_relu;

  template <class T> [[gnu::always_inline]] T value(T x) const { return x < 0 ? T(0) : x; }

  template <class T> [[gnu::always_inline]] T gradient(T y, T dy) const {
    return unless_nan(y, y > 0 ? dy : T(0));
  }
};

struct Sigmoid {
  static constexpr RowInfo info = {"sigmoid", "logistic function", 14, 3, true};
  static constexpr auto onnx = onnx_sigmoid;

  [[gnu::always_inline]] float value(float x) const { return simd_sigmoid(x); }

  double value(double x) const { return 1 / (1 + std::exp(-x)); }

  template <class T> [[gnu::always_inline]] T gradient(T y, T dy) const { return dy * y * (1 - y); }
};

struct Tanh {
  static constexpr RowInfo info = {"tanh", "hyperbolic tangent", 16, 3, true};
  static constexpr auto onnx = onnx_tanh;

  [[gnu::always_inline]] float value(float x) const { return simd_tanh(x); }

  double value(double x) const { return std::tanh(x); }

  template <class T> [[gnu::always_inline]] T gradient(T y, T dy) const { return dy * (1 - y * y); }
};

// Elfwing et al. 2017, arXiv 1702.03118. dx = dy s (1 + x (1 - s)), s = sigmoid(x), whose slope is
// 1 or 0 beyond the limits.
struct Silu {
  static constexpr RowInfo info = {"silu", "x * sigmoid(x)", 15, 19};
  static constexpr auto onnx = onnx_silu;

  [[gnu::always_inline]] float value(float x) const { return x * simd_sigmoid(x); }

  double value(double x) const { return x / (1 + std::exp(-x)); }

  [[gnu::always_inline]] float gradient(float x, float dy) const {
    x = within(x, 104.0f);
    const float s = simd_sigmoid(x);
    return dy * s * (1 + x * (1 - s));
  }

  double gradient(double x, double dy) const {
    x = within(x, 800.0);
    const double s = 1 / (1 + std::exp(-x));
    return dy * s * (1 + x * (1 - s));
  }
};
}  // namespace cambium
