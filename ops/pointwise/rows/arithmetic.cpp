// Arithmetic of two tensors, with NumPy broadcasting but for lerp.
#include "ops/pointwise/support/rows.h"
#include "ops/support/nan.h"

namespace cambium::rows_arithmetic {
namespace {
struct Add {
  static constexpr RowInfo info = {"add", "sum of two tensors, broadcasting"};
  static constexpr auto onnx = onnx_add;

  template <class T> [[gnu::always_inline]] T value(T a, T b) const { return a + b; }

  static std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
    return {unbroadcast(dy[0], c.shape(0)), unbroadcast(dy[0], c.shape(1))};
  }
};

struct Sub {
  static constexpr RowInfo info = {"sub", "difference of two tensors, broadcasting"};
  static constexpr auto onnx = onnx_sub;

  template <class T> [[gnu::always_inline]] T value(T a, T b) const { return a - b; }

  static std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
    return {unbroadcast(dy[0], c.shape(0)),
            unbroadcast(dy[0].graph->emit("neg", {dy[0]}), c.shape(1))};
  }
};

struct Mul {
  static constexpr RowInfo info = {"mul", "product of two tensors, broadcasting"};
  static constexpr auto onnx = onnx_mul;

  template <class T> [[gnu::always_inline]] T value(T a, T b) const { return a * b; }

  static std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
    Graph& g = *dy[0].graph;
    return {unbroadcast(g.emit("mul", {dy[0], c.in[1]}), c.shape(0)),
            unbroadcast(g.emit("mul", {dy[0], c.in[0]}), c.shape(1))};
  }

  static void reach(const Call&, std::span<const Reach> in, std::span<Reach> out) {
    out[0] = product(in[0], in[1], out[0].shape);
  }
};

// da = dy / b, db = -da y
struct Div {
  static constexpr RowInfo info = {"div", "quotient of two tensors, broadcasting"};
  static constexpr auto onnx = onnx_div;

  template <class T> [[gnu::always_inline]] T value(T a, T b) const { return a / b; }

  static std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
    Graph& g = *dy[0].graph;
    const Value da = g.emit("div", {dy[0], c.in[1]});
    return {unbroadcast(da, c.shape(0)),
            unbroadcast(g.emit("neg", {g.emit("mul", {da, c.out[0]})}), c.shape(1))};
  }

  static std::vector<Sample> samples() { return binary_samples(0.5, 2); }
};

// NaN when either is. da = dy where a > b and dy / 2 where a = b, db = the rest of dy: PyTorch's
// convention. `gradient` finds da from d = a - b.
struct Maximum {
  static constexpr RowInfo info = {
      "maximum", "larger of two tensors, broadcasting; equals share the gradient", 1, 2};
  static constexpr auto onnx = onnx_maximum;

  template <class T> [[gnu::always_inline]] T value(T a, T b) const { return larger(a, b); }

  template <class T> [[gnu::always_inline]] T gradient(T d, T dy) const {
    const T below = d < 0 ? T(0) : dy * T(0.5);
    return unless_nan(d, d > 0 ? dy : below);
  }

  static std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
    Graph& g = *dy[0].graph;
    const Value da = g.emit("maximum_grad", {g.emit("sub", {c.in[0], c.in[1]}), dy[0]});
    return {unbroadcast(da, c.shape(0)), unbroadcast(g.emit("sub", {dy[0], da}), c.shape(1))};
  }
};

// Of running statistics and moving averages; both of one shape.
struct Lerp {
  static constexpr RowInfo info = {"lerp", "a + t * (b - a)", 3};
  static constexpr auto onnx = onnx_lerp;
  double t = 0.1;
  static constexpr auto fields = std::tuple{field("t", &Lerp::t, "how far from a to b").in(0, 1)};

  template <class T> [[gnu::always_inline]] T value(T a, T b) const { return a + T(t) * (b - a); }

  static std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
    Graph& g = *dy[0].graph;
    const double t = c.as<Lerp>().t;
    return {g.emit("scale", {dy[0]}, {{"a", 1 - t}}), g.emit("scale", {dy[0]}, {{"a", t}})};
  }

  static std::vector<Sample> samples() { return twin_samples({{"t", 0.3}}); }
};

Op mul() {
  Op op = binary_row<Mul>();
  op.reach = Mul::reach;
  return op;
}

Op maximum_grad() {
  Op op = gradient_row<Maximum>();
  op.doc = "gradient of maximum from a - b and dy";
  return op;
}

Op lerp() {
  Op op = binary_row<Lerp>();
  op.shape = f32_like_all;
  op.kernel = twin_kernel<ValueOf<Lerp>>;
  op.range = nullptr;
  op.cheap = true;
  return op;
}
}  // namespace

extern const std::vector<Op> rows_arithmetic;
const std::vector<Op> rows_arithmetic = {
    binary_row<Add>(),     binary_row<Sub>(), mul(), binary_row<Div>(),
    binary_row<Maximum>(), maximum_grad(),    lerp()};
}  // namespace cambium::rows_arithmetic
