// Smooth activations.
#include <algorithm>
#include <cmath>

#include "ops/pointwise/support/activation_rows.h"

namespace cambium::rows_smooth {
namespace {
// Misra 2019, arXiv 1908.08681. tanh(log(1 + w)) = n / (n + 2) with w = e^x and n = w (w + 2): one
// exponential is enough. 1 - t^2 = 4 (n + 1) / (n + 2)^2 and n + 1 = (w + 1)^2.
struct Mish {
  static constexpr RowInfo info = {"mish", "x tanh(log(1 + e^x))", 18, 27};
  static constexpr auto onnx = onnx_mish;

  [[gnu::always_inline]] float value(float x) const {
    const float w = simd_exp(x > 20 ? 20.0f : x);  // beyond, n / (n + 2) is 1 in f32
    const float n = w * (w + 2);
    return x * (n / (n + 2));
  }

  double value(double x) const { return x * std::tanh(std::log1p(std::exp(x))); }

  [[gnu::always_inline]] float gradient(float x, float dy) const {
    x = within(x > 20 ? 20.0f : x, 104.0f);  // beyond, the slope is 1 or 0
    const float w = simd_exp(x), n = w * (w + 2), below = 1 / (n + 2);
    const float slope = 4 * (w + 1) * w * below * below;  // (1 - t^2) sigmoid
    return dy * (n * below + x * slope);
  }

  double gradient(double x, double dy) const {
    x = within(x, 800.0);
    const double t = std::tanh(std::log1p(std::exp(x)));
    return dy * (t + x * (1 - t * t) / (1 + std::exp(-x)));
  }
};

// As max(x, 0) + log(1 + e^-|x|), which cannot overflow. Dugas et al. 2001.
struct Softplus {
  static constexpr RowInfo info = {"softplus", "log(1 + e^x)", 30, 15};
  static constexpr auto onnx = onnx_softplus;

  [[gnu::always_inline]] float value(float x) const {
    const float magnitude = x < 0 ? -x : x;
    return (x < 0 ? 0 : x) + simd_log(1 + simd_exp(-magnitude));
  }

  double value(double x) const { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

  [[gnu::always_inline]] float gradient(float x, float dy) const { return dy * simd_sigmoid(x); }

  double gradient(double x, double dy) const { return dy / (1 + std::exp(-x)); }
};
}  // namespace

extern const std::vector<Op> rows_smooth;
const std::vector<Op> rows_smooth = {
    unary_row<Sigmoid>(),  gradient_row<Sigmoid>(), unary_row<Tanh>(), gradient_row<Tanh>(),
    unary_row<Silu>(),     gradient_row<Silu>(),    unary_row<Mish>(), gradient_row<Mish>(),
    unary_row<Softplus>(), gradient_row<Softplus>()};
}  // namespace cambium::rows_smooth
