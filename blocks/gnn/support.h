// What the message passing blocks share: how their weights start and their usual options.
#pragma once
#include <algorithm>
#include <cmath>

#include "blocks/padding.h"

namespace cambium {
// Glorot and Bengio 2010: U(+-sqrt(6 / (fan in + fan out))), the start of the published graph
// networks, unless the spec sets one for all weights.
inline Init glorot(const Builder& b, int64_t fan_in, int64_t fan_out) {
  if (b.weight_start.std > 0) return {Init::kNormal, b.weight_start.std};
  return {Init::kUniform, std::sqrt(6.0 / double(std::max<int64_t>(fan_in + fan_out, 1)))};
}

// `width: 0` keeps the width of the stream.
inline int64_t width_or_channels(int64_t width, const Stream& s) {
  return width > 0 ? width : s.channels();
}

// x + b with a parameter "bias" [C] that starts at zero and does not decay.
inline Value add_bias(Builder& b, Value x) {
  return b.emit("add", {x, b.weight("bias", Weight::bias(x.shape().last()))});
}

// The linear layers a block begins with. They share one dropout of the features; when those are
// mostly zeros each layer drops with the same mask while it skips the zeros.
class FirstLayers {
 public:
  FirstLayers(Builder& b, Value x, double dropout)
      : b_(b),
        x_(b.mostly_zero(x) ? x : b.dropout(x, dropout)),
        dropout_(b.mostly_zero(x) ? dropout : 0) {}

  // A layer that starts as glorot() says, with a bias that starts at zero.
  Value operator()(std::string_view name, int64_t width, bool bias = true) const {
    return b_.dropped_linear(name, x_, dropout_, width, bias, glorot(b_, x_.shape().last(), width));
  }

  bool skips_zeros() const { return b_.mostly_zero(x_); }

  Value x() const { return x_; }  // after dropout, unless it is mostly zeros

 private:
  Builder& b_;
  Value x_;
  double dropout_;
};

inline Value as_heads(Builder& b, Value x, int64_t heads) {  // [N,H*D] -> [N,H,D]
  return b.emit("reshape", {x},
                {{"shape", std::vector<int64_t>{x.shape()[0], heads, x.shape().last() / heads}}});
}

inline Value as_rows(Builder& b, Value x) {  // [N,H,D] -> [N,H*D]
  return b.emit("reshape", {x},
                {{"shape", std::vector<int64_t>{x.shape()[0], x.shape()[1] * x.shape()[2]}}});
}

// The graph convolution of `gcn`, without weights: D^-1/2 A D^-1/2 x.
inline Value propagate(Builder& b, Value adjacency, Value x, bool self_loops) {
  return b.emit("spmm", {adjacency, x}, {{"norm", "sym"}, {"self_loops", self_loops}});
}

// What the data's edges carry, f32 [E,F]. UserError when they carry nothing, or when the stream's
// edges are others.
inline Value edge_features(Builder& b, const Stream& s) {
  const auto id = b.graph.find(Role::kInput, "edges");
  if (!id)
    throw UserError("the edges of this data carry nothing",
                    "leave edges out, or use data whose edges do, such as subgraph_counts with "
                    "kinds: 3");
  const auto adjacency = b.graph.find(Role::kInput, "adjacency");
  if (!adjacency || s.adjacency != b.graph.value({*adjacency, 0}))
    throw UserError("these edges were made by a block and carry nothing",
                    "leave edges out, or put the block before what made them");
  return b.graph.value({*id, 0});
}

// The same for the edges and the loops of all nodes, [E+N,F]: a loop carries the mean of what
// reaches its node.
inline Value edge_features_with_loops(Builder& b, const Stream& s) {
  return b.emit("edge_loops", {s.adjacency, edge_features(b, s)});
}

// x plus, with `edges`, what they carry through a layer "edge" without bias; x is [E,width].
inline Value with_edges(Builder& b, const Stream& s, Value x, bool edges) {
  if (!edges) return x;
  const Value carried = edge_features(b, s);
  const int64_t width = x.shape().last();
  return b.emit("add", {x, b.linear("edge", carried, width, false,
                                    glorot(b, carried.shape().last(), width))});
}

// How many each node hears, [N,1].
inline Value in_degrees(Builder& b, const Stream& s) {
  return b.emit("spmm", {s.adjacency, b.filled({s.shape()[0], 1}, 1)}, {{"norm", "sum"}});
}
}  // namespace cambium
