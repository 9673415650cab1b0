// edge_softmax: softmax of the scores of the edges that reach one node.
//   adjacency of N nodes and E edges, s [E,H] -> alpha [E,H]
//   alpha_e = e^(s_e - max) / sum over the edges e' that reach the same node of e^(s_e' - max)
//   ds_e = alpha_e (dalpha_e - sum over e' of alpha_e' dalpha_e'), made of edge_sum and edge_gather
#include <cmath>
#include <limits>

#include "ops/message/support/edge_reach.h"
#include "ops/message/support/edge_values.h"
#include "ops/support/onnx/rules.h"

namespace cambium::op_edge_softmax {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_edges(c, 1, c.as<EdgeAttrs>().self_loops);
  require(c.shape(1).rank() == 2, "scores are [E,H], got ", c.shape(1));
  return {c.in[1].type()};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  const Args loops = {{"self_loops", c.as<EdgeAttrs>().self_loops}};
  const Value t = g.emit("mul", {c.out[0], dy[0]});
  const Value total = g.emit("edge_sum", {c.in[0], t}, loops);
  const Value back = g.emit("edge_gather", {c.in[0], Value{}, total}, loops);
  return {{}, g.emit("sub", {t, g.emit("mul", {c.out[0], back})})};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const Adjacency& g = graph_of(*in[0].adjacency, c.as<EdgeAttrs>().self_loops);
  const int64_t heads = c.shape(1)[1];
  const size_t cells = size_t(g.nodes * heads);
  std::vector<double> top(cells, -std::numeric_limits<double>::infinity()), total(cells, 0.0);
  const auto each = [&](const auto& f) {
    for_each_edge(g, [&](int64_t e, int64_t, int64_t i) {
      for (int64_t h = 0; h < heads; ++h) f(e * heads + h, size_t(i * heads + h));
    });
  };
  each([&](int64_t e, size_t cell) { top[cell] = std::max(top[cell], in[1][e]); });
  each([&](int64_t e, size_t cell) { total[cell] += std::exp(in[1][e] - top[cell]); });
  each([&](int64_t e, size_t cell) { out[0][e] = std::exp(in[1][e] - top[cell]) / total[cell]; });
}

constexpr int64_t kHeads = 16;  // of one sweep over a row

[[gnu::always_inline]] inline void softmax_row(const float* s, float* alpha, int64_t edges,
                                               int64_t heads, int64_t count) {
  float top[kHeads], total[kHeads];
  std::fill_n(top, kHeads, -std::numeric_limits<float>::infinity());
  std::fill_n(total, kHeads, 0.0f);
  for (int64_t e = 0; e < edges; ++e)
    for (int64_t h = 0; h < count; ++h) top[h] = std::max(top[h], s[e * heads + h]);
  for (int64_t e = 0; e < edges; ++e)
    for (int64_t h = 0; h < count; ++h)
      total[h] += alpha[e * heads + h] = simd_exp(s[e * heads + h] - top[h]);
  for (int64_t h = 0; h < count; ++h) total[h] = 1 / total[h];
  for (int64_t e = 0; e < edges; ++e)
    for (int64_t h = 0; h < count; ++h) alpha[e * heads + h] *= total[h];
}

CAMBIUM_SIMD void softmax_rows(const Csr& csr, const float* s, float* alpha, int64_t first,
                               int64_t last, int64_t heads) {
  for (int64_t i = first; i < last; ++i) {
    const int64_t begin = csr.begin[size_t(i)], edges = csr.begin[size_t(i) + 1] - begin;
    for (int64_t h = 0; h < heads && edges > 0; h += kHeads)
      softmax_row(s + begin * heads + h, alpha + begin * heads + h, edges, heads,
                  std::min(kHeads, heads - h));
  }
}

Kernel kernel(const Call& c, Engine&) {
  const bool self_loops = c.as<EdgeAttrs>().self_loops;
  const int64_t heads = c.shape(1)[1], most = c.shape(1)[0];
  return {.run = [=](const KernelArgs& k) {
    const Adjacency& g = graph_of(k.adjacency(0), self_loops);
    for_row_ranges(g.in, 20 * heads, [&](int64_t first, int64_t last) {
      softmax_rows(g.in, k.f32(1), k.out_f32(), first, last, heads);
    });
    clear_tail(k.out_f32(), g.edges, most, heads);
  }};
}

std::vector<InPlace> in_place(const Call&) {
  return {{0, 1}};
}

Cost cost(const Call& c) {
  return edge_cost(c, c.as<EdgeAttrs>().self_loops, 16 * double(c.shape(1)[1]));
}

const std::vector<Sample> kSamples = {
    {{{DType::kAdjacency, {7, 7, 30}}, Shape{30, 3}}},
    {{{DType::kAdjacency, {9, 9, 25}}, Shape{34, 19}}, {{"self_loops", true}}},
    {{{DType::kAdjacency, {5, 5, 20}}, {{20, 1}, -60, 60}}},
    {{{DType::kAdjacency, {3, 3, 0}}, Shape{0, 4}}},
    {{{DType::kAdjacency, {4, 4, 6}}, Shape{6, 0}}},
};

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const EdgeReach edges(c, in[0], c.as<EdgeAttrs>().self_loops);
  const Reach nodes = edges.nodes_of(without_channels(in[1]));
  out[0] = with_channels(edges.edges_of(nodes, false, true), out[0].shape);
}
}  // namespace

extern const Op op_edge_softmax = {
    .name = "edge_softmax",
    .doc = "softmax over the edges that reach each node",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<EdgeAttrs>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .in_place = in_place,
    .onnx = onnx_edge_softmax,
    .tolerance = 1e-5,
    .samples = kSamples,
};
}  // namespace cambium::op_edge_softmax
