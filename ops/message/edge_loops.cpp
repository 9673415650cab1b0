// edge_loops: from what edges carry to what they and the loops i -> i of every node carry.
// Adjacency of N nodes and at most E edges, x [E,...] -> y [E+N,...], in the order of the twin with
// self loops:
//   y_e = x_e,  y_(i -> i) = the mean of x over the edges that reach i, 0 where none does.
// A loop that the graph has itself keeps what it carries. With `transpose`, the gradient:
//   y [E+N,...] -> x [E,...],  x_e = y_e + y_(i -> i) / the number of edges that reach i.
// Rows past the real edges are 0.
// The fill of PyTorch Geometric's GATConv (fill_value: mean).
#include "ops/message/support/edge_reach.h"
#include "ops/message/support/edge_values.h"
#include "ops/support/onnx/rules.h"

namespace cambium::op_edge_loops {
namespace {
struct EdgeLoops {
  bool transpose = false;
  static constexpr auto fields = std::tuple{
      field("transpose", &EdgeLoops::transpose, "the gradient: back to the edges alone")};
};

std::vector<ValueType> shape(const Call& c) {
  const bool transpose = c.as<EdgeLoops>().transpose;
  require_edges(c, 1, transpose);
  return {{DType::kF32, with_rows(c.shape(1), most_edges(c.shape(0), !transpose))}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {{},
          dy[0].graph->emit("edge_loops", {c.in[0], dy[0]},
                            {{"transpose", !c.as<EdgeLoops>().transpose}})};
}

// The edges that reach one node: edge first + k is row place(k) with loops; `loop` is the row of
// the loop that was added, -1 when the graph has its own.
struct Row {
  int64_t first, count, start, loop = -1;

  Row(const Adjacency& g, int64_t i)
      : first(g.in.begin[size_t(i)]),
        count(g.in.begin[size_t(i) + 1] - first),
        start(g.looped->in.begin[size_t(i)]) {
    if (g.looped->in.begin[size_t(i) + 1] - start == count) return;
    loop = start;
    while (g.looped->in.neighbour[size_t(loop)] != i) ++loop;
  }

  int64_t place(int64_t k) const { return start + k + (loop >= 0 && start + k >= loop); }
};

// Both directions for one node, on rows of n numbers; T is double or float. `to` is overwritten.
template <class X, class Y> void spread_row(const Row& r, const X& x, Y& y, int64_t n) {
  const double share = r.count > 0 ? 1 / double(r.count) : 0;
  for (int64_t c = 0; c < n; ++c) {
    double sum = 0;
    for (int64_t k = 0; k < r.count; ++k) {
      y[r.place(k) * n + c] = x[(r.first + k) * n + c];
      sum += double(x[(r.first + k) * n + c]);
    }
    if (r.loop >= 0) y[r.loop * n + c] = static_cast<std::decay_t<decltype(y[0])>>(sum * share);
  }
}

template <class X, class Y> void gather_row(const Row& r, const X& y, Y& x, int64_t n) {
  const double share = r.count > 0 ? 1 / double(r.count) : 0;
  for (int64_t k = 0; k < r.count; ++k)
    for (int64_t c = 0; c < n; ++c) {
      const double mean = r.loop >= 0 ? double(y[r.loop * n + c]) * share : 0;
      x[(r.first + k) * n + c] =
          static_cast<std::decay_t<decltype(x[0])>>(double(y[r.place(k) * n + c]) + mean);
    }
}

template <class X, class Y>
void run_row(bool transpose, const Row& r, const X& in, Y& out, int64_t n) {
  transpose ? gather_row(r, in, out, n) : spread_row(r, in, out, n);
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const Adjacency& g = *in[0].adjacency;
  for (int64_t i = 0; i < g.nodes; ++i)
    run_row(c.as<EdgeLoops>().transpose, Row(g, i), in[1], out[0], row_size(c.out_shape()));
}

Kernel kernel(const Call& c, Engine&) {
  const bool transpose = c.as<EdgeLoops>().transpose;
  const int64_t n = row_size(c.out_shape()), most = c.out_shape()[0];
  return {.run = [=](const KernelArgs& k) {
    const Adjacency& g = k.adjacency(0);
    const float* from = k.f32(1);
    float* to = k.out_f32();
    for_row_ranges(g.looped->in, n, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) run_row(transpose, Row(g, i), from, to, n);
    });
    clear_tail(to, transpose ? g.edges : g.looped->edges, most, n);
  }};
}

Cost cost(const Call& c) {
  return edge_cost(c, false, double(row_size(c.out_shape())));
}

const std::vector<Sample> kSamples = {
    {{{DType::kAdjacency, {7, 7, 30}}, Shape{30, 5}}},
    {{{DType::kAdjacency, {9, 9, 25}}, Shape{25, 3, 2}}},
    {{{DType::kAdjacency, {9, 9, 25}}, Shape{34, 3}}, {{"transpose", true}}},
    {{{DType::kAdjacency, {1, 1, 1}}, Shape{1, 1}}},
    {{{DType::kAdjacency, {3, 3, 0}}, Shape{0, 4}}},
    {{{DType::kAdjacency, {4, 4, 6}}, Shape{10, 0}}, {{"transpose", true}}},
};

// An edge hears itself; a loop that was added, all edges that reach its node; and the other way.
void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  if (!in[0].adjacency || out[0].shape.count() == 0) return join_whole(out[0], whole(in[1]));
  const bool transpose = c.as<EdgeLoops>().transpose;
  const Reach x = without_channels(in[1]);
  Reach y(Shape{out[0].shape[0]});
  y.stored = y.shape;
  y.cells.assign(size_t(y.shape[0]), {});
  const auto hear = [&](int64_t to, int64_t from) {
    y.cells[size_t(to)].join(x.cells[x.uniform(0) ? 0 : size_t(from)]);
  };
  for (int64_t i = 0; i < in[0].adjacency->nodes; ++i) {
    const Row r(*in[0].adjacency, i);
    for (int64_t k = 0; k < r.count; ++k) {
      const int64_t edge = r.first + k, place = r.place(k);
      transpose ? hear(edge, place) : hear(place, edge);
      if (r.loop >= 0) transpose ? hear(edge, r.loop) : hear(r.loop, edge);
    }
  }
  out[0] = with_channels(y, out[0].shape);
}
}  // namespace

extern const Op op_edge_loops = {
    .name = "edge_loops",
    .doc = "what edges carry, and for the loop of each node the mean of what reaches it",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<EdgeLoops>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .onnx = onnx_edge_loops,
    .samples = kSamples,
};
}  // namespace cambium::op_edge_loops
