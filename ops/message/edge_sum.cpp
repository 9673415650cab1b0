// edge_sum: sums values of edges at one of their ends.
//   adjacency of N nodes and E edges, m [E,...] -> y [N,...];  end target: y_i = sum of m_e over
//   the edges that reach i; end source: y_j = over those that leave j dm_e = dy at that end:
//   edge_gather
// Each node adds up its own edges in order: no atomics, the same bits for any number of threads.
#include "ops/message/support/edge_reach.h"
#include "ops/message/support/edge_values.h"
#include "ops/support/onnx/rules.h"

namespace cambium::op_edge_sum {
namespace {
struct EdgeSum {
  std::string end = "target";
  bool self_loops = false;
  static constexpr auto fields =
      std::tuple{field("end", &EdgeSum::end, "the node that adds up").one_of("target|source"),
                 field("self_loops", &EdgeSum::self_loops, "every node also hears itself")};
};

std::vector<ValueType> shape(const Call& c) {
  require_edges(c, 1, c.as<EdgeSum>().self_loops);
  return {{DType::kF32, with_rows(c.shape(1), c.shape(0)[0])}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const auto& a = c.as<EdgeSum>();
  const bool target = a.end == "target";
  return {{},
          dy[0].graph->emit("edge_gather",
                            {c.in[0], target ? Value{} : dy[0], target ? dy[0] : Value{}},
                            {{"self_loops", a.self_loops}})};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<EdgeSum>();
  const int64_t n = row_size(c.out_shape());
  for_each_edge(graph_of(*in[0].adjacency, a.self_loops), [&](int64_t e, int64_t j, int64_t i) {
    for (int64_t k = 0; k < n; ++k) out[0][(a.end == "target" ? i : j) * n + k] += in[1][e * n + k];
  });
}

// `edge` of a row's k-th entry; null: k itself.
CAMBIUM_SIMD void sum_edges(const Csr& csr, const int32_t* edge, const float* m, float* y,
                            int64_t first, int64_t last, int64_t n) {
  for (int64_t r = first; r < last; ++r) {
    float* to = y + r * n;
    std::fill_n(to, n, 0.0f);
    for (int32_t k = csr.begin[size_t(r)]; k < csr.begin[size_t(r) + 1]; ++k) {
      const float* from = m + int64_t(edge ? edge[k] : k) * n;
      for (int64_t c = 0; c < n; ++c) to[c] += from[c];
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const auto& a = c.as<EdgeSum>();
  const int64_t n = row_size(c.out_shape());
  return {.run = [a, n](const KernelArgs& k) {
    const Adjacency& g = graph_of(k.adjacency(0), a.self_loops);
    const bool target = a.end == "target";
    const Csr& csr = target ? g.in : g.out;
    for_row_ranges(csr, n, [&](int64_t first, int64_t last) {
      sum_edges(csr, target ? nullptr : g.out_edge.data(), k.f32(1), k.out_f32(), first, last, n);
    });
  }};
}

Cost cost(const Call& c) {
  return edge_cost(c, c.as<EdgeSum>().self_loops, double(row_size(c.out_shape())));
}

const std::vector<Sample> kSamples = {
    {{{DType::kAdjacency, {7, 7, 30}}, Shape{30, 5}}},
    {{{DType::kAdjacency, {9, 9, 25}}, Shape{34, 3, 11}}, {{"self_loops", true}}},
    {{{DType::kAdjacency, {6, 6, 12}}, Shape{12, 33}}, {{"end", "source"}}},
    {{{DType::kAdjacency, {6, 6, 12}}, Shape{18, 4}}, {{"end", "source"}, {"self_loops", true}}},
    {{{DType::kAdjacency, {3, 3, 0}}, Shape{0, 4}}},
    {{{DType::kAdjacency, {4, 4, 6}}, Shape{6, 0}}, {{"end", "source"}}},
};

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const auto& a = c.as<EdgeSum>();
  const EdgeReach edges(c, in[0], a.self_loops);
  out[0] = with_channels(edges.nodes_of(without_channels(in[1]), a.end == "source"), out[0].shape);
}
}  // namespace

extern const Op op_edge_sum = {
    .name = "edge_sum",
    .doc = "sums what the edges of each node carry",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<EdgeSum>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .onnx = onnx_edge_sum,
    .samples = kSamples,
};
}  // namespace cambium::op_edge_sum
