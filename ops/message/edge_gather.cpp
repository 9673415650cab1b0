// edge_gather: brings values of nodes to the edges. m_e = s_j + t_i for edge e from j to i.
//   adjacency of N nodes and E edges, s [N,...] or none, t [N,...] or none -> m [E,...]
//   ds_j = sum of dm over the edges that leave j, dt_i = over those that reach i: edge_sum
#include "ops/message/support/edge_reach.h"
#include "ops/message/support/edge_values.h"
#include "ops/support/onnx/rules.h"

namespace cambium::op_edge_gather {
namespace {
std::vector<ValueType> shape(const Call& c) {
  const int some = c.has(1) ? 1 : 2;
  require(c.has(some), "neither source nor target values are given");
  for (int i = 1; i <= 2; ++i)
    if (c.has(i)) require_nodes(c, 0, i);
  if (c.has(1) && c.has(2))
    require(c.shape(1) == c.shape(2), "source values are ", c.shape(1), ", target values ",
            c.shape(2));
  return {{DType::kF32,
           with_rows(c.shape(some), most_edges(c.shape(0), c.as<EdgeAttrs>().self_loops))}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const auto sum = [&](int i, const char* end) {
    if (!c.has(i)) return Value{};
    return dy[0].graph->emit("edge_sum", {c.in[0], dy[0]},
                             {{"end", end}, {"self_loops", c.as<EdgeAttrs>().self_loops}});
  };
  std::vector<Value> out = {{}, sum(1, "source"), sum(2, "target")};
  out.resize(size_t(c.inputs()));
  return out;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t n = row_size(c.out_shape());
  for_each_edge(graph_of(*in[0].adjacency, c.as<EdgeAttrs>().self_loops),
                [&](int64_t e, int64_t j, int64_t i) {
                  for (int64_t k = 0; k < n; ++k) {
                    if (c.has(1)) out[0][e * n + k] += in[1][j * n + k];
                    if (c.has(2)) out[0][e * n + k] += in[2][i * n + k];
                  }
                });
}

// Either of s and t may be null.
CAMBIUM_SIMD void gather_edges(const Csr& csr, const float* s, const float* t, float* m,
                               int64_t first, int64_t last, int64_t n) {
  for (int64_t i = first; i < last; ++i)
    for (int32_t e = csr.begin[size_t(i)]; e < csr.begin[size_t(i) + 1]; ++e) {
      float* to = m + e * n;
      const float* from = s ? s + csr.neighbour[size_t(e)] * n : t + i * n;
      const float* other = t + i * n;
      if (s && t)
        for (int64_t k = 0; k < n; ++k) to[k] = from[k] + other[k];
      else
        std::copy_n(from, n, to);
    }
}

Kernel kernel(const Call& c, Engine&) {
  const bool self_loops = c.as<EdgeAttrs>().self_loops, source = c.has(1), target = c.has(2);
  const int64_t n = row_size(c.out_shape()), most = c.out_shape()[0];
  return {.run = [=](const KernelArgs& k) {
    const Adjacency& g = graph_of(k.adjacency(0), self_loops);
    const float *s = source ? k.f32(1) : nullptr, *t = target ? k.f32(2) : nullptr;
    for_row_ranges(g.in, 2 * n, [&](int64_t first, int64_t last) {
      gather_edges(g.in, s, t, k.out_f32(), first, last, n);
    });
    clear_tail(k.out_f32(), g.edges, most, n);
  }};
}

Cost cost(const Call& c) {
  return edge_cost(c, c.as<EdgeAttrs>().self_loops,
                   c.has(1) && c.has(2) ? double(row_size(c.out_shape())) : 0);
}

const std::vector<Sample> kSamples = {
    {{{DType::kAdjacency, {7, 7, 30}}, Shape{7, 5}, Shape{7, 5}}},
    {{{DType::kAdjacency, {9, 9, 25}}, Shape{9, 3, 11}, Shape{9, 3, 11}}, {{"self_loops", true}}},
    {{{DType::kAdjacency, {6, 6, 12}}, Shape{6, 33}}},
    {{{DType::kAdjacency, {6, 6, 12}}, SampleInput::none(), Shape{6, 4}}, {{"self_loops", true}}},
    {{{DType::kAdjacency, {3, 3, 0}}, Shape{3, 4}, Shape{3, 4}}},
    {{{DType::kAdjacency, {4, 4, 6}}, Shape{4, 0}, Shape{4, 0}}},
};

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const EdgeReach edges(c, in[0], c.as<EdgeAttrs>().self_loops);
  for (int i : {1, 2}) {
    if (!c.has(i)) continue;
    const Reach ends = edges.edges_of(without_channels(in[size_t(i)]), i == 1, i == 2);
    out[0] = joined(out[0], with_channels(ends, out[0].shape), out[0].shape);
  }
}
}  // namespace

extern const Op op_edge_gather = {
    .name = "edge_gather",
    .doc = "the sum of what both ends of each edge hold",
    .min_inputs = 2,
    .max_inputs = 3,
    .attrs = fields_of<EdgeAttrs>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .onnx = onnx_edge_gather,
    .samples = kSamples,
};
}  // namespace cambium::op_edge_gather
