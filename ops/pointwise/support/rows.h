// Pointwise operators as rows: one struct says all that is its own, and its record follows.
//   struct Row {
//     static constexpr RowInfo info = {name, doc, flops, ...};
//     static constexpr auto onnx = onnx_name;   // how it is written in ONNX
//     double slope; static constexpr auto fields = ...;   // its options, if it has any
//     float value(float x) const;  double value(double x) const;       // kernel and reference, or
//     template <class T> T value(T x) const;                           // one line for both
//     ... gradient(s, dy) const;  // dx from s, the input or the result; or, instead,
//     static std::vector<Value> vjp(const Call&, std::span<const Value> dy);
//     static std::vector<Sample> samples();  // unless unary_samples() and twin_samples() suit
//     static Args args();                    // of those, else the options' defaults
//   };
// All functions of numbers are always_inline. A row of two operands takes (a, b).
#pragma once
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
struct RowInfo {
  std::string_view name, doc;
  int flops = 1;             // an element
  int gradient_flops = 0;    // of the gradient's operator, where there is one
  bool from_result = false;  // the gradient is found from the result, not from the input
};

template <class R> R row_of(const Call& c) {
  if constexpr (requires { R::fields; })
    return c.as<R>();
  else
    return {};
}

// The row as a functor; with its default options where it is applied without a call.
template <class R> struct ValueOf {
  R row;

  ValueOf() = default;

  explicit ValueOf(const Call& c) : row(row_of<R>(c)) {}

  [[gnu::always_inline]] float operator()(float x) const { return row.value(x); }

  [[gnu::always_inline]] float operator()(float a, float b) const { return row.value(a, b); }

  double operator()(double x) const { return row.value(x); }

  double operator()(double a, double b) const { return row.value(a, b); }
};

template <class R> struct GradientOf {
  R row;

  explicit GradientOf(const Call& c) : row(row_of<R>(c)) {}

  [[gnu::always_inline]] float operator()(float s, float dy) const { return row.gradient(s, dy); }

  double operator()(double s, double dy) const { return row.gradient(s, dy); }
};

template <class R> FieldSet attrs_of_row() {
  if constexpr (requires { R::fields; })
    return fields_of<R>;
  else
    return {};
}

template <class R> Args args_of_row() {
  if constexpr (requires { R::args(); })
    return R::args();
  else
    return {};
}

template <class R> std::vector<Sample> samples_of_row(std::vector<Sample> usual) {
  if constexpr (requires { R::samples(); })
    return R::samples();
  else
    return usual;
}

template <class R> const std::string& gradient_name() {
  static const std::string name = str(R::info.name, "_grad");
  return name;
}

template <class R> std::vector<Value> row_vjp(const Call& c, std::span<const Value> dy) {
  if constexpr (requires { R::vjp(c, dy); }) {
    return R::vjp(c, dy);
  } else {
    const Value from = R::info.from_result ? c.out[0] : c.in[0];
    return {dy[0].graph->emit(gradient_name<R>(), {from, dy[0]}, c.attrs)};
  }
}

// y = value(x).
template <class R> Op unary_row() {
  using F = ValueOf<R>;
  return {.name = R::info.name,
          .doc = R::info.doc,
          .attrs = attrs_of_row<R>(),
          .shape = like_first,
          .vjp = row_vjp<R>,
          .reference = unary_reference<F>,
          .kernel = unary_kernel<F>,
          .range = unary_range<F>,
          .cost = pointwise_cost<R::info.flops>,
          .reach = reach_pointwise,
          .in_place = first_in_place,
          .onnx = R::onnx,
          .samples = samples_of_row<R>(unary_samples(0, 0, args_of_row<R>()))};
}

// dx = gradient(s, dy), of a unary row.
template <class R> Op gradient_row() {
  using F = GradientOf<R>;
  static const std::string doc = str("gradient of ", R::info.name, " from its ",
                                     R::info.from_result ? "result y" : "input x", " and dy");
  return {.name = gradient_name<R>(),
          .doc = doc,
          .min_inputs = 2,
          .max_inputs = 2,
          .attrs = attrs_of_row<R>(),
          .shape = like_all,
          .reference = binary_reference<F>,
          .kernel = twin_kernel<F>,
          .range = binary_range<F>,
          .cost = pointwise_cost<R::info.gradient_flops>,
          .reach = reach_all,
          .in_place = broadcast_in_place,
          .not_onnx = kOnnxGradient,
          .samples = twin_samples(args_of_row<R>())};
}

// y = value(a, b) with NumPy broadcasting; R::vjp is its gradient.
template <class R> Op binary_row() {
  using F = ValueOf<R>;
  return {.name = R::info.name,
          .doc = R::info.doc,
          .min_inputs = 2,
          .max_inputs = 2,
          .attrs = attrs_of_row<R>(),
          .shape = broadcast_shape,
          .vjp = R::vjp,
          .reference = binary_reference<F>,
          .kernel = binary_kernel<F>,
          .range = binary_range<F>,
          .cost = pointwise_cost<R::info.flops>,
          .reach = reach_pointwise,
          .in_place = broadcast_in_place,
          .onnx = R::onnx,
          .samples = samples_of_row<R>(binary_samples())};
}
}  // namespace cambium
