// Messages along edges: values of nodes are gathered to the edges, and sums come back by
// scattering. Degrees and loops are made inside; a node that hears nobody gets 0.
#include <limits>

#include "ops/support/onnx/parts.h"

namespace cambium {
std::string onnx_sum_by(OnnxUse& u, const std::string& x, const std::string& index,
                        const std::string& nodes, const std::vector<int64_t>& like, bool largest) {
  const std::string shape =
      like.empty() ? nodes : u.op("Concat", {nodes, u.i64s(like)}, {{"axis", int64_t{0}}});
  const double start = largest ? -std::numeric_limits<double>::infinity() : 0;
  const std::string none = u.op("Expand", {u.f32(start), shape});
  if (largest) u.need_opset(18);
  return u.op("ScatterND", {none, u.unsqueeze(index, {1}), x},
              {{"reduction", std::string(largest ? "max" : "add")}});
}

namespace {
struct Ends {
  std::string source, target, nodes;
};

Ends ends_of(OnnxUse& u, bool self_loops) {
  const OnnxEdges& e = u.edges(0, self_loops);
  if (self_loops) return {e.looped_source, e.looped_target, e.nodes};
  return {e.source, e.target, e.nodes};
}

std::string gather(OnnxUse& u, const std::string& x, const std::string& index) {
  return u.op("Gather", {x, index});
}

std::vector<int64_t> row_of(const Shape& s) {
  const auto dims = s.dims().subspan(1);
  return {dims.begin(), dims.end()};
}

// How many edges reach each node: f32 [N].
std::string degrees(OnnxUse& u, const std::string& ends, const std::string& nodes) {
  const std::string ones = u.op("Expand", {u.f32(1), u.op("Shape", {ends})});
  return onnx_sum_by(u, ones, ends, nodes, {});
}

std::string wide(OnnxUse& u, const std::string& x, int more) {
  std::vector<int64_t> axes;
  for (int i = 0; i < more; ++i) axes.push_back(i + 1);
  return axes.empty() ? x : u.unsqueeze(x, axes);
}

// alpha [E,H] of scores [E,H].
std::string softmax_by(OnnxUse& u, const std::string& s, const Ends& e, int64_t heads) {
  const std::string top = onnx_sum_by(u, s, e.target, e.nodes, {heads}, true);
  const std::string p = u.op("Exp", {u.op("Sub", {s, gather(u, top, e.target)})});
  const std::string total = onnx_sum_by(u, p, e.target, e.nodes, {heads});
  return u.op("Div", {p, gather(u, total, e.target)});
}
}  // namespace

void onnx_spmm(OnnxUse& u) {
  const Ends e = ends_of(u, u.flag("self_loops"));
  const bool back = u.flag("transpose");
  const std::string norm = u.word("norm");
  std::string x = gather(u, u.in(1), back ? e.target : e.source);
  if (norm != "sum") {
    const std::string d = u.op("Max", {degrees(u, e.target, e.nodes), u.f32(1)});
    std::string weight = gather(u, d, e.target);
    if (norm == "sym") {
      // A source that hears nobody has no weight of its own.
      const std::string all = degrees(u, e.target, e.nodes);
      const std::string some = u.to_f32(u.op("Greater", {all, u.f32(0.5)}));
      weight = u.op("Sqrt", {u.op("Mul", {weight, gather(u, d, e.source)})});
      x = u.op("Mul", {x, wide(u, gather(u, some, e.source), u.rank(1) - 1)});
    }
    x = u.op("Div", {x, wide(u, weight, u.rank(1) - 1)});
  }
  u.out(0, onnx_sum_by(u, x, back ? e.source : e.target, e.nodes, row_of(u.shape(1))));
}

void onnx_edge_dot(OnnxUse& u) {
  const Ends e = ends_of(u, u.flag("self_loops"));
  const std::string products =
      u.op("Mul", {gather(u, u.in(1), e.target), gather(u, u.in(2), e.source)});
  u.out(0, u.sum(products, {2}, false));
}

void onnx_edge_gather(OnnxUse& u) {
  const Ends e = ends_of(u, u.flag("self_loops"));
  std::string m;
  if (u.has(1)) m = gather(u, u.in(1), e.source);
  if (u.has(2)) {
    const std::string t = gather(u, u.in(2), e.target);
    m = m.empty() ? t : u.op("Add", {m, t});
  }
  u.out(0, m);
}

// The loop of a node carries the mean of what reaches it; one that was there what it had.
void onnx_edge_loops(OnnxUse& u) {
  if (u.flag("transpose")) u.refuse("it is a gradient's half");
  const OnnxEdges& e = u.edges(0, true);
  const int more = u.rank(1) - 1;
  const std::vector<int64_t> row = row_of(u.shape(1));
  const std::string own = u.op("Equal", {e.source, e.target});
  const std::string others = u.squeeze(u.op("NonZero", {u.op("Not", {own})}), {0});
  const std::string weight = wide(u, u.to_f32(own), more);
  const std::string count = u.op("Max", {degrees(u, e.target, e.nodes), u.f32(1)});
  const std::string mean =
      u.op("Div", {onnx_sum_by(u, u.in(1), e.target, e.nodes, row), wide(u, count, more)});
  const std::string kept = onnx_sum_by(u, u.op("Mul", {u.in(1), weight}), e.target, e.nodes, row);
  const std::string has = wide(
      u, u.op("Greater", {onnx_sum_by(u, u.to_f32(own), e.target, e.nodes, {}), u.f32(0.5)}), more);
  const std::string loops = u.op("Where", {has, kept, mean});
  u.out(0, u.op("Concat", {gather(u, u.in(1), others), loops}, {{"axis", int64_t{0}}}));
}

void onnx_edge_softmax(OnnxUse& u) {
  u.out(0, softmax_by(u, u.in(1), ends_of(u, u.flag("self_loops")), u.shape(1)[1]));
}

void onnx_edge_spmm(OnnxUse& u) {
  const Ends e = ends_of(u, u.flag("self_loops"));
  const bool back = u.flag("transpose");
  const std::string x = gather(u, u.in(2), back ? e.target : e.source);
  const std::string y = u.op("Mul", {x, u.unsqueeze(u.in(1), {2})});
  u.out(0, onnx_sum_by(u, y, back ? e.source : e.target, e.nodes, row_of(u.shape(2))));
}

void onnx_edge_sum(OnnxUse& u) {
  const Ends e = ends_of(u, u.flag("self_loops"));
  const std::string& end = u.word("end") == "target" ? e.target : e.source;
  u.out(0, onnx_sum_by(u, u.in(1), end, e.nodes, row_of(u.shape(1))));
}

void onnx_gat_attention(OnnxUse& u) {
  const Ends e = ends_of(u, u.flag("self_loops"));
  const int64_t heads = u.shape(1)[1];
  const auto score = [&](int a, const std::string& end) {
    return gather(u, u.sum(u.op("Mul", {u.in(1), u.in(a)}), {2}, false), end);
  };
  const std::string sum = u.op("Add", {score(2, e.source), score(3, e.target)});
  const std::string s = u.op("LeakyRelu", {sum}, {{"alpha", float(u.number("slope"))}});
  const std::string alpha = softmax_by(u, s, e, heads);
  const std::string z = gather(u, u.in(1), e.source);
  const std::string y = u.op("Mul", {z, u.unsqueeze(alpha, {2})});
  u.out(0, onnx_sum_by(u, y, e.target, e.nodes, row_of(u.shape(1))));
}

void onnx_neighbour_max(OnnxUse& u) {
  const Ends e = ends_of(u, u.flag("self_loops"));
  const std::string top =
      onnx_sum_by(u, gather(u, u.in(1), e.source), e.target, e.nodes, row_of(u.shape(1)), true);
  const std::string some =
      u.unsqueeze(u.op("Greater", {degrees(u, e.target, e.nodes), u.f32(0.5)}), {1});
  u.out(0, u.op("Where", {some, top, u.f32(0)}));
}

void onnx_node_degrees(OnnxUse& u) {
  const OnnxEdges& e = u.edges(0, false);
  const std::string d = degrees(u, u.flag("out") ? e.source : e.target, e.nodes);
  u.out(0, u.op("Min", {u.to_i64(d), u.i64(u.whole("most"))}));
}
}  // namespace cambium
