// Small graphs for the tests of viz, from operators that know only their shapes: what a picture
// shows does not depend on how the real ones compute.
#pragma once
#include <array>

#include "core/text/utf8.h"
#include "graph/graph.h"

namespace cambium::toy {
struct Conv2d {
  int64_t stride = 1, groups = 1;
  std::string activation = "none";
  static constexpr auto fields =
      std::tuple{field("stride", &Conv2d::stride, ""), field("groups", &Conv2d::groups, ""),
                 field("activation", &Conv2d::activation, "")};
};

struct Linear {
  std::string activation = "none";
  static constexpr auto fields = std::tuple{field("activation", &Linear::activation, "")};
};

struct Target {
  std::vector<int64_t> shape;
  static constexpr auto fields = std::tuple{field("shape", &Target::shape, "")};
};

inline std::vector<ValueType> same(const Call& c) {
  return {c.in[0].type()};
}

inline std::vector<ValueType> last_of_weight(const Call& c) {
  return {{DType::kF32, c.shape(0).with_last(c.shape(1).last())}};
}

inline std::vector<ValueType> conv_shape(const Call& c) {
  Shape s = c.shape(0).with_last(c.shape(1).last());
  const int64_t stride = c.as<Conv2d>().stride;
  s.set(1, s[1] / stride);
  s.set(2, s[2] / stride);
  return {{DType::kF32, s}};
}

inline std::vector<ValueType> target_shape(const Call& c) {
  return {{DType::kF32, Shape(std::span<const int64_t>(c.as<Target>().shape))}};
}

inline Cost matrix_cost(const Call& c) {
  return {2.0 * double(c.out_shape().rows() * c.shape(1).count()), 0};
}

inline const Op conv2d{.name = "conv2d",
                       .min_inputs = 2,
                       .max_inputs = 2,
                       .attrs = fields_of<Conv2d>,
                       .shape = conv_shape,
                       .cost = matrix_cost,
                       .places = Places::kGrid,
                       .detail = [](const Call& c) {
                         const int64_t stride = c.as<Conv2d>().stride;
                         return str(c.shape(1)[0], kTimes, c.shape(1)[1],
                                    stride > 1 ? str(" /", stride) : "");
                       }};
inline const Op linear{.name = "linear",
                       .min_inputs = 2,
                       .max_inputs = 2,
                       .attrs = fields_of<Linear>,
                       .shape = last_of_weight,
                       .cost = matrix_cost};
inline const Op relu{.name = "relu", .shape = same};
inline const Op add{.name = "add", .min_inputs = 2, .max_inputs = 2, .shape = same};
inline const Op lerp{.name = "lerp", .min_inputs = 2, .max_inputs = 2, .shape = same};
inline const Op norm{.name = "layer_norm", .shape = same};
inline const Op attention{
    .name = "attention",
    .min_inputs = 3,
    .max_inputs = 3,
    .shape = same,
    .places = Places::kTokens,
    .detail = [](const Call& c) { return str(c.shape(0)[2], " heads of ", c.shape(0)[3]); }};
inline const Op spmm{.name = "spmm",
                     .min_inputs = 2,
                     .max_inputs = 2,
                     .shape = [](const Call& c) { return std::vector{c.in[1].type()}; },
                     .places = Places::kNodes};
inline const Op reshape{
    .name = "reshape", .attrs = fields_of<Target>, .shape = target_shape, .view = true};
inline const Op transpose{.name = "transpose", .shape = same, .moves = true};
inline const Op reduce_mean{
    .name = "reduce_mean", .attrs = fields_of<Target>, .shape = target_shape};

inline const std::array<const Op*, 11> kOps = {&conv2d,  &linear,    &relu,       &add,
                                               &lerp,    &norm,      &attention,  &spmm,
                                               &reshape, &transpose, &reduce_mean};

// Emits at scopes: in(path, [&] { ... }).
struct Net {
  Graph g{kOps};

  template <class F> auto in(std::string path, const F& body) {
    ScopeGuard guard(g, {.path = std::move(path)});
    return body();
  }

  Value weight(std::string name, Shape shape) { return g.parameter(std::move(name), shape, {}); }

  Value dense(const std::string& path, Value x, int64_t width) {
    return in(path, [&] {
      return g.emit("linear", {x, weight(path + ".weight", {x.shape().last(), width})});
    });
  }

  Value heads(Value x, Shape shape) {
    return g.emit("reshape", {x},
                  {{"shape", std::vector<int64_t>(shape.dims().begin(), shape.dims().end())}});
  }

  // x + attention(norm(x)), tokens [B,T,C]
  Value attention_block(const std::string& path, Value x) {
    const Shape s = x.shape();
    const Shape split = {s[0], s[1], 4, s[2] / 4};
    const std::string a = path + ".attention";
    const Value n = in(path + ".norm", [&] { return g.emit("layer_norm", {x}); });
    const Value q = dense(a + ".q", n, s[2]), k = dense(a + ".k", n, s[2]),
                v = dense(a + ".v", n, s[2]);
    const Value o = in(a, [&] {
      return heads(g.emit("attention", {heads(q, split), heads(k, split), heads(v, split)}), s);
    });
    const Value y = dense(a + ".out", o, s[2]);
    return in(path, [&] { return g.emit("add", {x, y}); });
  }

  Value conv_block(const std::string& path, Value x, int64_t width, int64_t stride = 1) {
    return in(path, [&] {
      const Value w = weight(path + ".weight", {3, 3, x.shape().last(), width});
      return g.emit("relu", {g.emit("conv2d", {x, w}, {{"stride", stride}})});
    });
  }

  // [B,Y,X,C] -> [B,T,C'] by strided convolution
  Value patches(const std::string& path, Value x, int64_t patch, int64_t width) {
    return in(path, [&] {
      const Value w = weight(path + ".weight", {patch, patch, x.shape().last(), width});
      const Value y = g.emit("conv2d", {x, w}, {{"stride", patch}});
      return heads(y, {y.shape()[0], y.shape()[1] * y.shape()[2], width});
    });
  }

  Value pool(const std::string& path, Value x) {
    return in(path, [&] {
      return g.emit("reduce_mean", {x},
                    {{"shape", std::vector<int64_t>{x.shape()[0], x.shape().last()}}});
    });
  }
};

// Image -> convolutions -> patches -> attention blocks -> classes.
inline Graph hybrid(int blocks = 4) {
  Net n;
  Value x = n.g.input("x", {DType::kF32, {8, 28, 28, 1}});
  x = n.conv_block("stem.conv2d.0", x, 16);
  x = n.conv_block("stem.conv2d.1", x, 16);
  x = n.patches("patch_embed", x, 4, 32);
  for (int i = 0; i < blocks; ++i) x = n.attention_block(str("repeat.", i), x);
  x = n.dense("head", n.pool("pool", x), 10);
  n.g.outputs = {{"logits", port_of(x)}};
  return std::move(n.g);
}
}  // namespace cambium::toy
