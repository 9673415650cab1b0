// The two forms of GELU that gelu, gelu_grad and linear share. Hendrycks and Gimpel 2016, arXiv
// 1606.08415. With Phi the normal distribution function:
//   none: x Phi(x)        tanh: x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3))
#pragma once
#include <cmath>
#include <numbers>

#include "core/fields.h"
#include "ops/support/nan.h"
#include "ops/support/simd_math.h"

namespace cambium {
struct GeluAttrs {
  std::string approximate = "tanh";
  static constexpr auto fields =
      std::tuple{field("approximate", &GeluAttrs::approximate, "tanh, or none for the exact form")
                     .one_of("none|tanh")};
};

constexpr double kGeluCubic = 0.044715;
constexpr double kGeluTwice = 1.5957691216057308;  // 2 sqrt(2/pi)

struct GeluTanh {
  [[gnu::always_inline]] float operator()(float x) const {
    return x * simd_sigmoid(float(kGeluTwice) * (x + float(kGeluCubic) * x * x * x));
  }

  double operator()(double x) const {
    return 0.5 * x * (1 + std::tanh(kGeluTwice / 2 * (x + kGeluCubic * x * x * x)));
  }
};

struct GeluErf {
  [[gnu::always_inline]] float operator()(float x) const {
    return 0.5f * x * (1.0f + simd_erf(x * float(std::numbers::sqrt2 / 2)));
  }

  double operator()(double x) const {
    return 0.5 * x * (1 + std::erf(x * std::numbers::sqrt2 / 2));
  }
};

struct GeluTanhGrad {
  // Beyond 16 the slope is 1 or 0; the cube would leave f32.
  [[gnu::always_inline]] float operator()(float x, float dy) const {
    x = within(x, 16.0f);
    const float s = simd_sigmoid(float(kGeluTwice) * (x + float(kGeluCubic) * x * x * x));
    const float slope = float(kGeluTwice) * (1.0f + float(3 * kGeluCubic) * x * x);
    return dy * (s + x * s * (1.0f - s) * slope);
  }

  double operator()(double x, double dy) const {
    x = within(x, 40.0);
    const double s = 1 / (1 + std::exp(-kGeluTwice * (x + kGeluCubic * x * x * x)));
    return dy * (s + x * s * (1 - s) * kGeluTwice * (1 + 3 * kGeluCubic * x * x));
  }
};

struct GeluErfGrad {
  static constexpr double kDensity = 0.3989422804014327;  // 1 / sqrt(2 pi)

  [[gnu::always_inline]] float operator()(float x, float dy) const {
    x = within(x, 16.0f);
    const float below = 0.5f * (1.0f + simd_erf(x * float(std::numbers::sqrt2 / 2)));
    return dy * (below + x * float(kDensity) * simd_exp(-0.5f * x * x));
  }

  double operator()(double x, double dy) const {
    x = within(x, 40.0);
    const double below = 0.5 * (1 + std::erf(x * std::numbers::sqrt2 / 2));
    return dy * (below + x * kDensity * std::exp(-0.5 * x * x));
  }
};
}  // namespace cambium
