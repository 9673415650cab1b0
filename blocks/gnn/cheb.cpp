// cheb: a polynomial filter of the graph's Laplacian, in Chebyshev's basis. [N,C] -> [N,width]
//   y = sum over k < order of T_k(L) x W_k + b, L = -D^-1/2 A D^-1/2 (the scaled Laplacian when the
//   largest eigenvalue is taken as 2)
//   T_0 = x, T_1 = L x, T_k = 2 L T_(k-1) - T_(k-2). Where that moves fewer channels along the
//   edges, Clenshaw's recurrence instead: b_k = x W_k + 2 L b_(k+1) - b_(k+2), y = x W_0 + L b_1 -
//   b_2.
#include "blocks/gnn/support.h"

namespace cambium::block_cheb {
namespace {
struct Cheb {
  int64_t width = 0, order = 3;
  bool bias = true;
  std::string activation = "none";
  double dropout = 0;

  static constexpr auto fields = std::tuple{
      field("width", &Cheb::width, "channels of the result; 0: as they are").in(0, 1 << 20),
      field("order", &Cheb::order, "terms: nodes within order - 1 steps are heard").in(1, 64),
      field("bias", &Cheb::bias, "adds a bias to every node"),
      field("activation", &Cheb::activation, "after the bias").one_of(kActivations),
      field("dropout", &Cheb::dropout, "of the incoming features").in(0, 0.999)};
};

// factor L x - minus; `minus` may be none.
Value step(Builder& b, const Stream& s, double factor, Value x, Value minus) {
  const Value y = b.emit("scale", {propagate(b, s.adjacency, x, false)}, {{"a", -factor}});
  return minus ? b.emit("sub", {y, minus}) : y;
}

// T_k first, then the weights.
Value forward(Builder& b, const Cheb& o, const Stream& s, Value x, int64_t width) {
  Value before, now = x, sum;
  for (int64_t k = 0; k < o.order; ++k) {
    if (k > 0) {
      const Value next = step(b, s, k == 1 ? 1 : 2, now, before);
      before = std::exchange(now, next);
    }
    const Value term =
        b.linear(str("order_", k), now, width, false, glorot(b, s.channels(), width));
    sum = sum ? b.emit("add", {sum, term}) : term;
  }
  return sum;
}

// The weights first, so that `width` channels travel.
Value clenshaw(Builder& b, const Cheb& o, const Stream& s, const FirstLayers& layer,
               int64_t width) {
  std::vector<Value> terms;
  for (int64_t k = 0; k < o.order; ++k) terms.push_back(layer(str("order_", k), width, false));
  Value next, after;  // b_(k+1), b_(k+2)
  for (int64_t k = o.order - 1; k >= 0; --k) {
    Value now = terms[size_t(k)];
    if (next) now = b.emit("add", {now, step(b, s, k == 0 ? 1 : 2, next, after)});
    after = std::exchange(next, now);
  }
  return next;
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<Cheb>();
  const int64_t width = width_or_channels(o.width, s);
  const FirstLayers layer(b, s.x, o.dropout);
  const bool weights_first = layer.skips_zeros() || width < s.channels();
  s.x = weights_first ? clenshaw(b, o, s, layer, width) : forward(b, o, s, layer.x(), width);
  if (o.bias) s.x = add_bias(b, s.x);
  s.x = activate(b, o.activation, s.x);
  return s;
}
}  // namespace

extern const Block block_cheb = {
    .name = "cheb",
    .family = "gnn",
    .doc = "a polynomial of the graph's Laplacian, with weights for each power",
    .formula =
        "y = act(sum_(k < order) T_k(-D^-1/2 A D^-1/2) x W_k + b), T_k = 2 L T_(k-1) - T_(k-2)",
    .paper = "Defferrard, Bresson and Vandergheynst 2016, arXiv 1606.09375",
    .attrs = fields_of<Cheb>,
    .primary = "width",
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {{"cheb: 5", Domain::kGraph, {6, 3}},
                {"cheb: {width: 2, order: 4, activation: relu}", Domain::kGraph, {6, 4}},
                {"cheb: {order: 1, bias: false}", Domain::kGraph, {4, 3}},
                {"cheb: {order: 2, dropout: 0.5}", Domain::kGraph, {4, 3}}},
};
}  // namespace cambium::block_cheb
