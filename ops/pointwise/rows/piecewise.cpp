// Activations made of pieces of straight lines, parabolas and exponentials.
#include <cmath>

#include "ops/pointwise/support/activation_rows.h"

namespace cambium::rows_piecewise {
namespace {
// So et al. 2021, arXiv 2109.08668 (Primer). NaN stays NaN.
struct Relu2 {
  static constexpr RowInfo info = {"relu2", "max(x, 0) squared", 2, 2};
  static constexpr auto onnx = onnx_relu2;

  template <class T> [[gnu::always_inline]] T value(T x) const { return x < 0 ? T(0) : x * x; }

  template <class T> [[gnu::always_inline]] T gradient(T x, T dy) const {
    return x < 0 ? T(0) : 2 * x * dy;
  }
};

// Maas et al. 2013.
struct LeakyRelu {
  static constexpr RowInfo info = {"leaky_relu", "x above 0, slope * x below", 2, 2};
  static constexpr auto onnx = onnx_leaky_relu;
  double slope = 0.01;
  static constexpr auto fields = std::tuple{field("slope", &LeakyRelu::slope, "slope below 0")};

  template <class T> [[gnu::always_inline]] T value(T x) const { return x > 0 ? x : T(slope) * x; }

  template <class T> [[gnu::always_inline]] T gradient(T x, T dy) const {
    return unless_nan(x, x > 0 ? dy : T(slope) * dy);
  }

  static Args args() { return {{"slope", 0.2}}; }
};

// Clevert et al. 2015, arXiv 1511.07289.
struct Elu {
  static constexpr RowInfo info = {"elu", "x above 0, alpha * (e^x - 1) below", 15, 15};
  static constexpr auto onnx = onnx_elu;
  double alpha = 1;
  static constexpr auto fields =
      std::tuple{field("alpha", &Elu::alpha, "minus the limit at minus infinity").in(0)};

  [[gnu::always_inline]] float value(float x) const {
    return x > 0 ? x : float(alpha) * (simd_exp(x) - 1);
  }

  double value(double x) const { return x > 0 ? x : alpha * std::expm1(x); }

  [[gnu::always_inline]] float gradient(float x, float dy) const {
    return x > 0 ? dy : dy * float(alpha) * simd_exp(x);
  }

  double gradient(double x, double dy) const { return x > 0 ? dy : dy * alpha * std::exp(x); }

  static Args args() { return {{"alpha", 0.7}}; }
};

// Keeps mean 0 and variance 1 from layer to layer. Klambauer et al. 2017, arXiv 1706.02515.
struct Selu {
  static constexpr RowInfo info = {"selu", "1.0507 x above 0, 1.7581 (e^x - 1) below", 16, 15};
  static constexpr auto onnx = onnx_selu;
  static constexpr double kScale = 1.0507009873554804934, kAlpha = 1.6732632423543772848;

  [[gnu::always_inline]] float value(float x) const {
    return x > 0 ? float(kScale) * x : float(kScale * kAlpha) * (simd_exp(x) - 1);
  }

  double value(double x) const { return kScale * (x > 0 ? x : kAlpha * std::expm1(x)); }

  [[gnu::always_inline]] float gradient(float x, float dy) const {
    return dy * (x > 0 ? float(kScale) : float(kScale * kAlpha) * simd_exp(x));
  }

  double gradient(double x, double dy) const {
    return kScale * dy * (x > 0 ? 1 : kAlpha * std::exp(x));
  }
};

// Howard et al. 2019, arXiv 1905.02244, section 5.2. Written so that NaN passes through.
struct HardSigmoid {
  static constexpr RowInfo info = {"hard_sigmoid", "x / 6 + 1/2, cut off at 0 and 1", 4, 3};
  static constexpr auto onnx = onnx_hard_sigmoid;

  template <class T> [[gnu::always_inline]] T value(T x) const {
    T y = x * T(1.0 / 6) + T(0.5);
    y = y < 0 ? T(0) : y;
    return y > 1 ? T(1) : y;
  }

  template <class T> [[gnu::always_inline]] T gradient(T x, T dy) const {
    return unless_nan(x, ((x > -3) & (x < 3)) ? dy * T(1.0 / 6) : T(0));
  }
};

// As hard_sigmoid. dx = 0 below -3, dy above 3, dy (x / 3 + 1/2) between.
struct Hardswish {
  static constexpr RowInfo info = {"hardswish", "x times hard_sigmoid(x)", 5, 5};
  static constexpr auto onnx = onnx_hardswish;

  template <class T> [[gnu::always_inline]] T value(T x) const {
    T gate = x * T(1.0 / 6) + T(0.5);
    gate = gate < 0 ? T(0) : gate;
    gate = gate > 1 ? T(1) : gate;
    return x * gate;
  }

  template <class T> [[gnu::always_inline]] T gradient(T x, T dy) const {
    T slope = x * T(1.0 / 3) + T(0.5);
    slope = x <= -3 ? T(0) : slope;
    slope = x >= 3 ? T(1) : slope;
    return dy * slope;
  }
};
}  // namespace

extern const std::vector<Op> rows_piecewise;
const std::vector<Op> rows_piecewise = {
    unary_row<Relu>(),      gradient_row<Relu>(),     unary_row<Relu2>(),
    gradient_row<Relu2>(),  unary_row<LeakyRelu>(),   gradient_row<LeakyRelu>(),
    unary_row<Elu>(),       gradient_row<Elu>(),      unary_row<Selu>(),
    gradient_row<Selu>(),   unary_row<HardSigmoid>(), gradient_row<HardSigmoid>(),
    unary_row<Hardswish>(), gradient_row<Hardswish>()};
}  // namespace cambium::rows_piecewise
