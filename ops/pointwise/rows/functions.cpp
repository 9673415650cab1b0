// Functions of one number that are no activations.
#include <cmath>

#include "ops/pointwise/support/rows.h"

namespace cambium::rows_functions {
namespace {
struct Exp {
  static constexpr RowInfo info = {"exp", "e^x", 12};
  static constexpr auto onnx = onnx_exp;

  [[gnu::always_inline]] float value(float x) const { return simd_exp(x); }

  double value(double x) const { return std::exp(x); }

  static std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
    return {dy[0].graph->emit("mul", {dy[0], c.out[0]})};
  }
};

// -inf at 0, NaN below.
struct Log {
  static constexpr RowInfo info = {"log", "natural logarithm", 16};
  static constexpr auto onnx = onnx_log;

  [[gnu::always_inline]] float value(float x) const { return simd_log(x); }

  double value(double x) const { return std::log(x); }

  static std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
    return {dy[0].graph->emit("div", {dy[0], c.in[0]})};
  }

  static std::vector<Sample> samples() { return unary_samples(0.3, 5); }
};

// NaN below 0.
struct Sqrt {
  static constexpr RowInfo info = {"sqrt", "square root", 1};
  static constexpr auto onnx = onnx_sqrt;

  [[gnu::always_inline]] float value(float x) const { return __builtin_sqrtf(x); }

  double value(double x) const { return std::sqrt(x); }

  static std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
    Graph& g = *dy[0].graph;
    return {g.emit("div", {g.emit("scale", {dy[0]}, {{"a", 0.5}}), c.out[0]})};
  }

  static std::vector<Sample> samples() { return unary_samples(0.3, 5); }
};

struct Square {
  static constexpr RowInfo info = {"square", "x * x", 1};
  static constexpr auto onnx = onnx_square;

  template <class T> [[gnu::always_inline]] T value(T x) const { return x * x; }

  static std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
    Graph& g = *dy[0].graph;
    return {g.emit("mul", {g.emit("scale", {dy[0]}, {{"a", 2.0}}), c.in[0]})};
  }
};

struct Neg {
  static constexpr RowInfo info = {"neg", "-x", 1};
  static constexpr auto onnx = onnx_neg;

  template <class T> [[gnu::always_inline]] T value(T x) const { return -x; }

  static std::vector<Value> vjp(const Call&, std::span<const Value> dy) {
    return {dy[0].graph->emit("neg", {dy[0]})};
  }
};

struct Scale {
  static constexpr RowInfo info = {"scale", "a * x + b", 2};
  static constexpr auto onnx = onnx_scale;
  double a = 1, b = 0;
  static constexpr auto fields =
      std::tuple{field("a", &Scale::a, "factor"), field("b", &Scale::b, "what is added after")};

  template <class T> [[gnu::always_inline]] T value(T x) const { return T(a) * x + T(b); }

  static std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
    return {dy[0].graph->emit("scale", {dy[0]}, {{"a", c.as<Scale>().a}})};
  }

  static Args args() { return {{"a", -1.7}, {"b", 0.3}}; }
};

// Used on gradients, so it needs none. NaN stays NaN.
struct Clamp {
  static constexpr RowInfo info = {"clamp", "x cut to the interval from lo to hi", 2};
  static constexpr auto onnx = onnx_clamp;
  double lo = -1, hi = 1;
  static constexpr auto fields = std::tuple{field("lo", &Clamp::lo, "least value of the result"),
                                            field("hi", &Clamp::hi, "largest value of the result")};

  template <class T> [[gnu::always_inline]] T value(T x) const {
    return x < T(lo) ? T(lo) : x > T(hi) ? T(hi) : x;
  }

  static std::vector<ValueType> shape(const Call& c) {
    const auto& a = c.as<Clamp>();
    require(a.lo <= a.hi, "lo = ", a.lo, " is above hi = ", a.hi);
    return like_first(c);
  }

  static Args args() { return {{"lo", -0.5}, {"hi", 0.75}}; }
};

Op clamp() {
  Op op = unary_row<Clamp>();
  op.shape = Clamp::shape;
  op.vjp = nullptr;
  return op;
}
}  // namespace

extern const std::vector<Op> rows_functions;
const std::vector<Op> rows_functions = {
    unary_row<Exp>(),   unary_row<Log>(), unary_row<Sqrt>(), unary_row<Square>(), unary_row<Neg>(),
    unary_row<Scale>(), clamp()};
}  // namespace cambium::rows_functions
