// edge_spmm: sums over a node's edges what lies at their other end, weighed edge by edge and head
// by head.
//   adjacency of N nodes and E edges, w [E,H], x [N,H,D] -> y [N,H,D]
//   y_i = sum of w_e x_j over the edges e from j to i; transpose: y_j = sum of w_e x_i
//   dw_e = <dy at the end that sums, x at the other>: edge_dot;  dx: the transpose with the same w
#include "ops/message/support/edge_reach.h"
#include "ops/message/support/edge_values.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"

namespace cambium::op_edge_spmm {
namespace {
struct EdgeSpmm {
  bool transpose = false, self_loops = false;
  static constexpr auto fields = std::tuple{
      field("transpose", &EdgeSpmm::transpose, "messages run from destination to source"),
      field("self_loops", &EdgeSpmm::self_loops, "every node also hears itself")};
};

std::vector<ValueType> shape(const Call& c) {
  require_heads(c, 1, 2, c.as<EdgeSpmm>().self_loops);
  return {c.in[2].type()};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const auto& a = c.as<EdgeSpmm>();
  Graph& g = *dy[0].graph;
  const Value at_target = a.transpose ? c.in[2] : dy[0], at_source = a.transpose ? dy[0] : c.in[2];
  return {{},
          g.emit("edge_dot", {c.in[0], at_target, at_source}, {{"self_loops", a.self_loops}}),
          g.emit("edge_spmm", {c.in[0], c.in[1], dy[0]},
                 {{"transpose", !a.transpose}, {"self_loops", a.self_loops}})};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<EdgeSpmm>();
  const int64_t heads = c.shape(2)[1], width = c.shape(2)[2], n = heads * width;
  for_each_edge(graph_of(*in[0].adjacency, a.self_loops), [&](int64_t e, int64_t j, int64_t i) {
    const int64_t from = a.transpose ? i : j, to = a.transpose ? j : i;
    for (int64_t k = 0; k < n; ++k)
      out[0][to * n + k] += in[1][e * heads + k / width] * in[2][from * n + k];
  });
}

// `edge` of a row's k-th entry; null: k itself.
CAMBIUM_SIMD void gather_rows(const Csr& csr, const int32_t* edge, const float* w, const float* x,
                              float* y, int64_t first, int64_t last, int64_t heads, int64_t width) {
  const int64_t n = heads * width;
  for (int64_t r = first; r < last; ++r) {
    float* to = y + r * n;
    std::fill_n(to, n, 0.0f);
    for (int32_t k = csr.begin[size_t(r)]; k < csr.begin[size_t(r) + 1]; ++k) {
      const float* from = x + csr.neighbour[size_t(k)] * n;
      const float* weight = w + int64_t(edge ? edge[k] : k) * heads;
      if (width == 1)
        for (int64_t h = 0; h < heads; ++h) to[h] += weight[h] * from[h];
      else
        for (int64_t h = 0; h < heads; ++h)
          for (int64_t d = h * width; d < (h + 1) * width; ++d) to[d] += weight[h] * from[d];
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const auto a = c.as<EdgeSpmm>();
  const int64_t heads = c.shape(2)[1], width = c.shape(2)[2];
  return {.run = [=](const KernelArgs& k) {
    const Adjacency& g = graph_of(k.adjacency(0), a.self_loops);
    const Csr& csr = a.transpose ? g.out : g.in;
    const int32_t* edge = a.transpose ? g.out_edge.data() : nullptr;
    for_row_ranges(csr, heads * (width + 1), [&](int64_t first, int64_t last) {
      gather_rows(csr, edge, k.f32(1), k.f32(2), k.out_f32(), first, last, heads, width);
    });
  }};
}

Cost cost(const Call& c) {
  const double products = 2 * double(row_size(c.shape(2)));
  return edge_cost(c, c.as<EdgeSpmm>().self_loops, products, products);
}

const std::vector<Sample> kSamples = {
    {{{DType::kAdjacency, {7, 7, 30}}, Shape{30, 3}, Shape{7, 3, 5}}},
    {{{DType::kAdjacency, {9, 9, 25}}, Shape{34, 2}, Shape{9, 2, 19}}, {{"self_loops", true}}},
    {{{DType::kAdjacency, {6, 6, 12}}, Shape{12, 33}, Shape{6, 33, 1}}, {{"transpose", true}}},
    {{{DType::kAdjacency, {6, 6, 12}}, Shape{18, 2}, Shape{6, 2, 3}},
     {{"transpose", true}, {"self_loops", true}}},
    {{{DType::kAdjacency, {3, 3, 0}}, Shape{0, 2}, Shape{3, 2, 4}}},
    {{{DType::kAdjacency, {4, 4, 6}}, Shape{6, 2}, Shape{4, 2, 0}}},
};

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const auto& a = c.as<EdgeSpmm>();
  const EdgeReach edges(c, in[0], a.self_loops);
  const Reach weights = edges.nodes_of(without_channels(in[1]), a.transpose);
  const Reach nodes = edges.neighbours_of(without_channels(in[2]), a.transpose);
  out[0] = with_channels(joined(weights, nodes, nodes.shape), out[0].shape);
}
}  // namespace

extern const Op op_edge_spmm = {
    .name = "edge_spmm",
    .doc = "sums the features of neighbours, weighed by a value of each edge and head",
    .min_inputs = 3,
    .max_inputs = 3,
    .attrs = fields_of<EdgeSpmm>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = stays_f32,
    .onnx = onnx_edge_spmm,
    .tolerance = 5e-6,
    .samples = kSamples,
};
}  // namespace cambium::op_edge_spmm
