// Operators that make graphs, or look at whole ones.
#include "ops/support/onnx/parts.h"

namespace cambium {
// Both ends must be real. With `most`, of each node's edges those of lowest order, of equals the
// first: an edge stays when fewer than `most` of its node's come before it.
void onnx_induced_subgraph(OnnxUse& u) {
  const OnnxEdges& e = u.edges(0, false);
  const std::string real = u.op("GreaterOrEqual", {u.in(1), u.f32(0.5)});
  const std::string both =
      u.op("And", {u.op("Gather", {real, e.source}), u.op("Gather", {real, e.target})});
  std::string keep = both;
  if (const int64_t most = u.whole("most"); most > 0) {
    const std::string order = u.in(2), row = u.unsqueeze(order, {1});
    const std::string place = u.range(u.op("Shape", {order}));
    const std::string earlier = u.op("Less", {place, u.unsqueeze(place, {1})});  // [E,E]
    const std::string tie = u.op("And", {u.op("Equal", {order, row}), earlier});
    const std::string before = u.op("Or", {u.op("Less", {order, row}), tie});
    const std::string same = u.op("Equal", {e.target, u.unsqueeze(e.target, {1})});
    const std::string counts = u.op("And", {u.op("And", {same, before}), both});
    const std::string rank = u.sum(u.to_f32(counts), {1}, false);
    keep = u.op("And", {both, u.op("Less", {rank, u.f32(double(most))})});
  }
  const std::string kept = u.squeeze(u.op("NonZero", {keep}), {0});
  OnnxEdges out;
  out.source = u.op("Gather", {e.source, kept});
  out.target = u.op("Gather", {e.target, kept});
  out.nodes = e.nodes;
  u.out_edges(std::move(out));
}

// Ways of one edge more a round; what was reached stays so.
void onnx_graph_distances(OnnxUse& u) {
  constexpr int64_t kMostRounds = 64;
  const int64_t most = u.whole("most");
  if (most > kMostRounds) u.refuse(str("distances up to ", most, " take a round each"));
  u.options_may_differ();
  const OnnxEdges& e = u.edges(0, false);
  const OnnxSize graphs = u.out_dim(0), n = u.out_dim(1);
  const std::string width = u.size_of(n);
  const auto mod = [&](const std::string& x) { return u.op("Mod", {x, width}); };
  const auto div = [&](const std::string& x) { return u.op("Div", {x, width}); };
  const std::string inside =
      u.squeeze(u.op("NonZero", {u.op("Equal", {div(e.source), div(e.target)})}), {0});
  const std::string s = u.op("Gather", {e.source, inside}), t = u.op("Gather", {e.target, inside});
  const std::string at =
      u.op("Concat", {u.unsqueeze(div(s), {1}), u.unsqueeze(mod(s), {1}), u.unsqueeze(mod(t), {1})},
           {{"axis", int64_t{1}}});
  const std::string ones = u.op("Expand", {u.f32(1), u.op("Shape", {s})});
  const std::string joined = u.op("ScatterND", {u.zeros({graphs, n, n}), at, ones});  // [G,n,n]
  const std::string place = u.range(width);
  const std::string own = u.to_f32(u.op("Equal", {place, u.unsqueeze(place, {1})}));
  std::string reached = u.op("Expand", {own, u.shape_of({graphs, n, n})});
  std::string distance = u.op("Sub", {u.f32(1), reached});
  for (int64_t round = 1; round <= most; ++round) {
    const std::string more = u.op("Add", {reached, u.op("MatMul", {reached, joined})});
    reached = u.op("Min", {more, u.f32(1)});
    distance = u.op("Add", {distance, u.op("Sub", {u.f32(1), reached})});
  }
  u.out(0, u.to_i64(distance));
}

// Powers of the walk's matrix over all nodes at once, of which the diagonal is read.
void onnx_walk_returns(OnnxUse& u) {
  const OnnxEdges& e = u.edges(0, false);
  const std::string other =
      u.squeeze(u.op("NonZero", {u.op("Not", {u.op("Equal", {e.source, e.target})})}), {0});
  const std::string s = u.op("Gather", {e.source, other}), t = u.op("Gather", {e.target, other});
  const auto pairs = [&](const std::string& a, const std::string& b) {
    return u.op("Concat", {u.unsqueeze(a, {1}), u.unsqueeze(b, {1})}, {{"axis", int64_t{1}}});
  };
  const std::string all = u.op("Concat", {pairs(s, t), pairs(t, s)}, {{"axis", int64_t{0}}});
  const std::string ones = u.op("Expand", {u.f32(1), u.op("Mul", {u.op("Shape", {s}), u.i64(2)})});
  const std::string square = u.op("Concat", {e.nodes, e.nodes}, {{"axis", int64_t{0}}});
  const std::string none = u.op("Expand", {u.f32(0), square});
  const std::string joined = u.op("ScatterND", {none, all, ones});
  const std::string degree = u.op("Max", {u.sum(joined, {1}, true), u.f32(1)});
  const std::string walk = u.op("Div", {joined, degree});
  const std::string place = u.range(e.nodes);
  const std::string own = u.to_f32(u.op("Equal", {place, u.unsqueeze(place, {1})}));
  std::vector<std::string> columns;
  std::string power = walk;
  for (int64_t k = 0; k < u.whole("steps"); ++k) {
    if (k > 0) power = u.op("MatMul", {power, walk});
    columns.push_back(u.sum(u.op("Mul", {power, own}), {1}, true));
  }
  u.out(0, u.op("Concat", columns, {{"axis", int64_t{1}}}));
}
}  // namespace cambium
