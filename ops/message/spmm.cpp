// spmm: y = A x, message passing with fixed weights.
//   adjacency of N nodes, x [N,...] -> y [N,...];  y_i = sum over edges j -> i of w_ij x_j
//   norm sum: w = 1; mean: 1/d_i; sym: 1/sqrt(d_i d_j) with in-degrees d (Kipf and Welling 2017,
//   arXiv 1609.02907, eq. 2); self_loops adds i -> i before degrees are taken.
// transpose gives A^T x with the very same w_ij, so the gradient is the op with transpose flipped.
#include <algorithm>
#include <cmath>

#include "ops/message/support/edge_reach.h"
#include "ops/message/support/edges.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/simd_math.h"

namespace cambium::op_spmm {
namespace {
struct Spmm {
  std::string norm = "sum";
  bool self_loops = false, transpose = false;

  static constexpr auto fields =
      std::tuple{field("norm", &Spmm::norm, "weights of the edges").one_of("sum|mean|sym"),
                 field("self_loops", &Spmm::self_loops, "every node also hears itself"),
                 field("transpose", &Spmm::transpose, "messages run from destination to source")};
};

std::vector<ValueType> shape(const Call& c) {
  require_nodes(c, 0, 1);
  return {c.in[1].type()};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const auto& a = c.as<Spmm>();
  return {{},
          dy[0].graph->emit(
              "spmm", {c.in[0], dy[0]},
              {{"norm", a.norm}, {"self_loops", a.self_loops}, {"transpose", !a.transpose}})};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<Spmm>();
  const Adjacency& g = graph_of(*in[0].adjacency, a.self_loops);
  const int64_t channels = c.shape(1).count_between(1, c.shape(1).rank());
  const auto degree = [&](int64_t i) {
    return double(g.in.begin[size_t(i) + 1] - g.in.begin[size_t(i)]);
  };
  for_each_edge(g, [&](int64_t, int64_t j, int64_t i) {
    double w = 1;
    if (a.norm == "mean") w = 1 / degree(i);
    if (a.norm == "sym") w = degree(j) > 0 ? 1 / std::sqrt(degree(i) * degree(j)) : 0;
    const int64_t from = a.transpose ? i : j, to = a.transpose ? j : i;
    for (int64_t k = 0; k < channels; ++k)
      out[0][to * channels + k] += w * in[1][from * channels + k];
  });
}

// y_r = row_weight[r] * sum of weight[n] x_n over the neighbours n of row r; a null pointer means
// ones.
struct Gather {
  const int32_t *begin, *neighbour;
  const float *row_weight, *weight;
  const float* x;
  float* y;
  int64_t channels;
  int32_t edges;
};

constexpr int32_t kAhead = 16;

// Lanes by name: `auto` would forget that they need no alignment.
// V x 16 channels from `at` on, held in registers while the neighbours go by.
template <int V>
[[gnu::always_inline]] inline void gather_lanes(const Gather& s, int64_t row, int64_t at) {
  Lanes sum[V] = {};
  const float* x = s.x + at;
  for (int32_t e = s.begin[row]; e < s.begin[row + 1]; ++e) {
    const int64_t n = s.neighbour[e];
    const float w = s.weight ? s.weight[n] : 1.0f;
    // Spelled out: `auto` forgets that Lanes may lie unaligned.
    const Lanes* v = reinterpret_cast<const Lanes*>(x + n * s.channels);
    // Rows come in random order: ask for those of later edges now, past the end of this row too.
    const float* later = x + s.neighbour[std::min(e + kAhead, s.edges - 1)] * s.channels;
#pragma GCC unroll 4
    for (int k = 0; k < V; ++k) __builtin_prefetch(later + k * kLanes);
#pragma GCC unroll 4
    for (int k = 0; k < V; ++k) sum[k] += w * v[k];
  }
  const float w = s.row_weight ? s.row_weight[row] : 1.0f;
  Lanes* y = reinterpret_cast<Lanes*>(s.y + row * s.channels + at);
#pragma GCC unroll 4
  for (int k = 0; k < V; ++k) y[k] = w * sum[k];
}

// The last channels, fewer than 16.
[[gnu::always_inline]] inline void gather_rest(const Gather& s, int64_t row, int64_t at) {
  const int64_t count = s.channels - at;
  float sum[kLanes] = {};
  for (int32_t e = s.begin[row]; e < s.begin[row + 1]; ++e) {
    const int64_t n = s.neighbour[e];
    const float w = s.weight ? s.weight[n] : 1.0f;
    const float* v = s.x + n * s.channels + at;
    for (int64_t k = 0; k < count; ++k) sum[k] += w * v[k];
  }
  const float w = s.row_weight ? s.row_weight[row] : 1.0f;
  float* y = s.y + row * s.channels + at;
  for (int64_t k = 0; k < count; ++k) y[k] = w * sum[k];
}

CAMBIUM_SIMD void gather_rows(const Gather& s, int64_t first, int64_t last) {
  for (int64_t row = first; row < last; ++row) {
    int64_t at = 0;
    for (; at + 4 * kLanes <= s.channels; at += 4 * kLanes) gather_lanes<4>(s, row, at);
    for (; at + kLanes <= s.channels; at += kLanes) gather_lanes<1>(s, row, at);
    if (at < s.channels) gather_rest(s, row, at);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const auto& a = c.as<Spmm>();
  const int64_t channels = c.shape(1).count_between(1, c.shape(1).rank());
  return {.run = [a, channels](const KernelArgs& args) {
    const Adjacency& g = graph_of(args.adjacency(0), a.self_loops);
    const Csr& csr = a.transpose ? g.out : g.in;
    Gather s{.begin = csr.begin.data(), .neighbour = csr.neighbour.data()};
    s.x = args.f32(1);
    s.y = args.out_f32();
    s.channels = channels;
    s.edges = int32_t(g.edges);
    if (a.norm == "sym") s.row_weight = s.weight = g.rsqrt_degree.data();
    // 1/d belongs to the destination: the row of A, the neighbour of A^T.
    if (a.norm == "mean") (a.transpose ? s.weight : s.row_weight) = g.inv_degree.data();
    for_row_ranges(csr, channels,
                   [&](int64_t first, int64_t last) { gather_rows(s, first, last); });
  }};
}

Cost cost(const Call& c) {
  const int64_t channels = c.shape(1).count_between(1, c.shape(1).rank());
  const auto edges = double(most_edges(c.shape(0), c.as<Spmm>().self_loops));
  const double flops = 2 * edges * double(channels);
  return {.flops = flops,
          .bytes = 4 * (edges * double(channels + 1) + double(c.shape(1).count())),
          .products = flops};
}

const std::vector<Sample> kSamples = {
    {{{DType::kAdjacency, {7, 7, 30}}, Shape{7, 5}}, {{"norm", "sum"}}},
    {{{DType::kAdjacency, {9, 9, 40}}, Shape{9, 3, 27}}, {{"norm", "mean"}, {"self_loops", true}}},
    {{{DType::kAdjacency, {6, 6, 20}}, Shape{6, 64}}, {{"norm", "mean"}, {"transpose", true}}},
    {{{DType::kAdjacency, {8, 8, 30}}, Shape{8, 19}}, {{"norm", "sym"}, {"self_loops", true}}},
    {{{DType::kAdjacency, {5, 5, 12}}, Shape{5, 16}}, {{"norm", "sym"}, {"transpose", true}}},
    {{{DType::kAdjacency, {1, 1, 1}}, Shape{1, 1}}, {{"norm", "sum"}, {"self_loops", true}}},
    {{{DType::kAdjacency, {3, 3, 0}}, Shape{3, 4}}, {{"norm", "mean"}}},
    {{{DType::kAdjacency, {4, 4, 6}}, Shape{4, 0}}, {{"norm", "sum"}}},
};

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const auto& a = c.as<Spmm>();
  const EdgeReach edges(c, in[0], a.self_loops);
  out[0] = with_channels(edges.neighbours_of(without_channels(in[1]), a.transpose), out[0].shape);
}
}  // namespace

extern const Op op_spmm = {
    .name = "spmm",
    .doc = "sums the features of every node's neighbours: y = A x",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<Spmm>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = stays_f32,
    .places = Places::kNodes,
    .onnx = onnx_spmm,
    .samples = kSamples,
};
}  // namespace cambium::op_spmm
