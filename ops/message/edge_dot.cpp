// edge_dot: the dot product of both ends of each edge, head by head.
//   adjacency of N nodes and E edges, q [N,H,D], k [N,H,D] -> s [E,H];  s_e = <q_i, k_j>, e from j
//   to i dq_i = sum of ds_e k_j over the edges that reach i, dk_j = sum of ds_e q_i over those that
//   leave j: edge_spmm and its transpose, so that nothing of size E D is ever made
#include "ops/message/support/edge_reach.h"
#include "ops/message/support/edge_values.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"

namespace cambium::op_edge_dot {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_nodes(c, 0, 1);
  require_nodes(c, 0, 2);
  require(c.shape(1).rank() == 3 && c.shape(1) == c.shape(2), "q and k are [N,H,D], got ",
          c.shape(1), " and ", c.shape(2));
  const int64_t edges = most_edges(c.shape(0), c.as<EdgeAttrs>().self_loops);
  return {{DType::kF32, Shape{edges, c.shape(1)[1]}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const bool self_loops = c.as<EdgeAttrs>().self_loops;
  const auto spread = [&](Value x, bool transpose) {
    return dy[0].graph->emit("edge_spmm", {c.in[0], dy[0], x},
                             {{"transpose", transpose}, {"self_loops", self_loops}});
  };
  return {{}, spread(c.in[2], false), spread(c.in[1], true)};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t heads = c.shape(1)[1], n = row_size(c.shape(1)), width = c.shape(1)[2];
  for_each_edge(graph_of(*in[0].adjacency, c.as<EdgeAttrs>().self_loops),
                [&](int64_t e, int64_t j, int64_t i) {
                  for (int64_t k = 0; k < n; ++k)
                    out[0][e * heads + k / width] += in[1][i * n + k] * in[2][j * n + k];
                });
}

CAMBIUM_SIMD void dot_rows(const Csr& csr, const float* q, const float* k, float* s, int64_t first,
                           int64_t last, int64_t heads, int64_t width) {
  const int64_t n = heads * width;
  for (int64_t i = first; i < last; ++i)
    for (int32_t e = csr.begin[size_t(i)]; e < csr.begin[size_t(i) + 1]; ++e) {
      const float *x = q + i * n, *y = k + csr.neighbour[size_t(e)] * n;
      float* to = s + e * heads;
      if (width == 1)
        for (int64_t h = 0; h < heads; ++h) to[h] = x[h] * y[h];
      else
        for (int64_t h = 0; h < heads; ++h) to[h] = head_dot(x + h * width, y + h * width, width);
    }
}

Kernel kernel(const Call& c, Engine&) {
  const bool self_loops = c.as<EdgeAttrs>().self_loops;
  const int64_t heads = c.shape(1)[1], width = c.shape(1)[2], most = c.out_shape()[0];
  return {.run = [=](const KernelArgs& k) {
    const Adjacency& g = graph_of(k.adjacency(0), self_loops);
    for_row_ranges(g.in, 2 * heads * width, [&](int64_t first, int64_t last) {
      dot_rows(g.in, k.f32(1), k.f32(2), k.out_f32(), first, last, heads, width);
    });
    clear_tail(k.out_f32(), g.edges, most, heads);
  }};
}

Cost cost(const Call& c) {
  const double products = 2 * double(row_size(c.shape(1)));
  return edge_cost(c, c.as<EdgeAttrs>().self_loops, products, products);
}

const std::vector<Sample> kSamples = {
    {{{DType::kAdjacency, {7, 7, 30}}, Shape{7, 3, 5}, Shape{7, 3, 5}}},
    {{{DType::kAdjacency, {9, 9, 25}}, Shape{9, 2, 19}, Shape{9, 2, 19}}, {{"self_loops", true}}},
    {{{DType::kAdjacency, {6, 6, 12}}, Shape{6, 33, 1}, Shape{6, 33, 1}}},
    {{{DType::kAdjacency, {3, 3, 0}}, Shape{3, 2, 4}, Shape{3, 2, 4}}},
    {{{DType::kAdjacency, {4, 4, 6}}, Shape{4, 2, 0}, Shape{4, 2, 0}}},
};

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const EdgeReach edges(c, in[0], c.as<EdgeAttrs>().self_loops);
  const Reach q = edges.edges_of(without_channels(in[1]), false, true);
  const Reach k = edges.edges_of(without_channels(in[2]), true, false);
  out[0] = with_channels(joined(q, k, q.shape), out[0].shape);
}
}  // namespace

extern const Op op_edge_dot = {
    .name = "edge_dot",
    .doc = "the dot product of both ends of each edge, for each head",
    .min_inputs = 3,
    .max_inputs = 3,
    .attrs = fields_of<EdgeAttrs>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = stays_f32,
    .onnx = onnx_edge_dot,
    .tolerance = 5e-6,
    .samples = kSamples,
};
}  // namespace cambium::op_edge_dot
