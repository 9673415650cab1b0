// induced_subgraph(adjacency of N nodes and at most E edges, mask f32 [N], optional order f32 [E];
// most) -> the adjacency of the same nodes with those edges alone whose two ends are real, that is,
// whose mask is 1/2 or more. With `most`, each node keeps of those only the `most` of lowest order,
// of equals the first; `order` has a number for each edge as the adjacency's `in` lists them. In
// its twin with self loops every node hears itself, padding too. No gradient: an adjacency has
// none. One pass over the edges a run; the kernel has the room it needs from the start.
#include <algorithm>

#include "core/tensor/adjacency_rows.h"
#include "graph/reach/reach.h"
#include "ops/attention/support/row_mask.h"
#include "ops/message/support/edges.h"
#include "ops/support/onnx/rules.h"

namespace cambium::op_induced_subgraph {
namespace {
struct InducedSubgraph {
  int64_t most = 0;
  static constexpr auto fields = std::tuple{
      field("most", &InducedSubgraph::most, "edges that a node hears at most; 0: all").in(0)};
};

enum Input { kAdjacency, kMask, kOrder };

std::vector<ValueType> shape(const Call& c) {
  require(c.dtype(kAdjacency) == DType::kAdjacency, "input 0 is ", c.in[kAdjacency].type(),
          ", not an adjacency");
  const int64_t most = c.as<InducedSubgraph>().most;
  Shape s = c.shape(kAdjacency);
  const ValueType mask{DType::kF32, {s[0]}}, order{DType::kF32, {s[2]}};
  require(c.in[kMask].type() == mask, "the mask must be ", mask, ", got ", c.in[kMask].type());
  require(c.has(kOrder) == (most > 0), "`most` and an order of the edges go together");
  if (most == 0) return {{DType::kAdjacency, s}};
  require(c.in[kOrder].type() == order, "the order must be ", order, ", got ", c.in[kOrder].type());
  s.set(2, std::min(s[2], s[0] * most));
  return {{DType::kAdjacency, s}};
}

// What a run needs beside its answer.
struct Room {
  std::vector<int32_t> near;  // edges of one node
};

// Fills `to` with the edges of `from` between real nodes.
template <class Number>
void keep_real(const Adjacency& from, const Number* mask, const Number* order, int64_t most,
               Room& room, Adjacency& to) {
  to.nodes = from.nodes;
  to.in.begin.assign(size_t(from.nodes) + 1, 0);
  to.in.neighbour.clear();
  for (int64_t i = 0; i < from.nodes; ++i) {
    std::vector<int32_t>& near = room.near;
    near.clear();
    for (int32_t e = from.in.begin[size_t(i)]; e < from.in.begin[size_t(i) + 1]; ++e)
      if (is_real(mask, i) && is_real(mask, from.in.neighbour[size_t(e)])) near.push_back(e);
    if (most > 0 && int64_t(near.size()) > most) {
      std::partial_sort(near.begin(), near.begin() + most, near.end(), [&](int32_t a, int32_t b) {
        return std::pair(order[a], a) < std::pair(order[b], b);
      });
      near.resize(size_t(most));
      std::ranges::sort(near);
    }
    for (const int32_t e : near) to.in.neighbour.push_back(from.in.neighbour[size_t(e)]);
    to.in.begin[size_t(i) + 1] = int32_t(to.in.neighbour.size());
  }
  complete_rows(to);
}

// Fills `to` with the edges of `from` and a loop at every node that has none.
void add_loops(const Adjacency& from, Adjacency& to) {
  to.nodes = from.nodes;
  to.in.begin.assign(size_t(from.nodes) + 1, 0);
  to.in.neighbour.clear();
  for (int32_t i = 0; i < from.nodes; ++i) {
    const auto row = from.in.neighbour.begin();
    const auto begin = row + from.in.begin[size_t(i)], end = row + from.in.begin[size_t(i) + 1];
    const auto loop = std::lower_bound(begin, end, i);
    to.in.neighbour.insert(to.in.neighbour.end(), begin, loop);
    to.in.neighbour.push_back(i);
    to.in.neighbour.insert(to.in.neighbour.end(), loop + (loop != end && *loop == i), end);
    to.in.begin[size_t(i) + 1] = int32_t(to.in.neighbour.size());
  }
  complete_rows(to);
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto looped = std::make_shared<Adjacency>();
  Adjacency& to = answered_graph(out[0]);
  Room room;
  keep_real(*in[kAdjacency].adjacency, in[kMask].data.data(),
            c.has(kOrder) ? in[kOrder].data.data() : nullptr, c.as<InducedSubgraph>().most, room,
            to);
  add_loops(to, *looped);
  to.looped = looped;
}

void reserve(Adjacency& a, int64_t nodes, int64_t edges) {
  for (Csr* rows : {&a.in, &a.out}) {
    rows->begin.reserve(size_t(nodes) + 1);
    rows->neighbour.reserve(size_t(edges));
  }
  a.out_edge.reserve(size_t(edges));
  a.inv_degree.reserve(size_t(nodes));
  a.rsqrt_degree.reserve(size_t(nodes));
}

Kernel kernel(const Call& c, Engine&) {
  const Shape &from = c.shape(kAdjacency), &s = c.out_shape();
  const int64_t most = c.as<InducedSubgraph>().most;
  const auto made = std::make_shared<Adjacency>(), looped = std::make_shared<Adjacency>();
  const auto room = std::make_shared<Room>();
  room->near.reserve(size_t(from[2]));
  reserve(*made, s[0], most_edges(s, false));
  reserve(*looped, s[0], most_edges(s, true));
  made->looped = looped;
  return {.run = [=](const KernelArgs& k) {
    keep_real(k.adjacency(kAdjacency), k.f32(kMask), most > 0 ? k.f32(kOrder) : nullptr, most,
              *room, *made);
    add_loops(*made, *looped);
    *static_cast<const Adjacency**>(k.out[0]) = made.get();
  }};
}

// Each edge is read once and written in both directions, without and with loops.
Cost cost(const Call& c) {
  const Shape& s = c.out_shape();
  const auto made = double(most_edges(s, false) + most_edges(s, true));
  return {.flops = 0, .bytes = 4.0 * double(c.shape(kAdjacency)[2] + s[0] + 1) + 12.0 * made};
}

// The edges that may be left. `most` numbers them anew, so that nothing is known of them then.
void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  if (c.as<InducedSubgraph>().most == 0) out[0].adjacency = in[kAdjacency].adjacency;
}

SampleInput graph(int64_t nodes, int64_t edges) {
  return {DType::kAdjacency, Shape{nodes, nodes, edges}};
}
}  // namespace

extern const Op op_induced_subgraph = {
    .name = "induced_subgraph",
    .doc = "the edges of a graph between nodes that are real",
    .min_inputs = 2,
    .max_inputs = 3,
    .attrs = fields_of<InducedSubgraph>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .onnx = onnx_induced_subgraph,
    .samples = {{{graph(9, 30), SampleInput(Shape{9}, 0, 1)}},
                {{graph(40, 300), SampleInput(Shape{40}, 0, 1), Shape{300}}, {{"most", 3}}},
                {{graph(5, 9), SampleInput(Shape{5}, 0, 0.1)}},
                {{graph(1, 1), SampleInput(Shape{1}, 0.9, 1), Shape{1}}, {{"most", 1}}},
                {{graph(0, 0), Shape{0}}}},
};
}  // namespace cambium::op_induced_subgraph
