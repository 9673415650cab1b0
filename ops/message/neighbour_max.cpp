// neighbour_max: the largest value among a node's neighbours, for each channel.
//   adjacency of N nodes, x [N,C] -> y [N,C], argmax i32 [N,C]
//   y_ic = max over edges j -> i of x_jc, argmax_ic = that j (the first of equals). A node that
//   hears nobody gets y = 0 and argmax = -1. NaN wins, so that it is not hidden.
// Gradient: dy_ic flows to the node argmax_ic (neighbour_max_grad).
#include <cmath>

#include "ops/message/support/edge_reach.h"
#include "ops/message/support/edges.h"
#include "ops/support/onnx/rules.h"

namespace cambium::op_neighbour_max {
namespace {
struct NeighbourMax {
  bool self_loops = false;

  static constexpr auto fields =
      std::tuple{field("self_loops", &NeighbourMax::self_loops, "every node also hears itself")};
};

std::vector<ValueType> shape(const Call& c) {
  require_nodes(c, 0, 1);
  require(c.shape(1).rank() == 2, "nodes are [N,C], got ", c.shape(1));
  return {c.in[1].type(), {DType::kI32, c.shape(1)}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {{},
          dy[0].graph->emit("neighbour_max_grad", {c.in[0], c.out[1], dy[0]},
                            {{"self_loops", c.as<NeighbourMax>().self_loops}})};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const Adjacency& g = graph_of(*in[0].adjacency, c.as<NeighbourMax>().self_loops);
  const int64_t channels = c.shape(1)[1];
  out[1].data.assign(out[1].data.size(), -1);
  for_each_edge(g, [&](int64_t, int64_t j, int64_t i) {
    for (int64_t k = 0; k < channels; ++k) {
      double &best = out[0][i * channels + k], &from = out[1][i * channels + k];
      const double v = in[1][j * channels + k];
      if (from >= 0 && !(v > best || std::isnan(v))) continue;
      best = v;
      from = double(j);
    }
  });
}

CAMBIUM_SIMD void max_rows(const Csr& csr, const float* x, float* y, int32_t* from, int64_t first,
                           int64_t last, int64_t channels) {
  for (int64_t i = first; i < last; ++i) {
    const int32_t begin = csr.begin[size_t(i)], end = csr.begin[size_t(i) + 1];
    float* best = y + i * channels;
    int32_t* arg = from + i * channels;
    const int32_t start = begin < end ? csr.neighbour[size_t(begin)] : -1;
    for (int64_t k = 0; k < channels; ++k) {
      best[k] = start < 0 ? 0.0f : x[start * channels + k];
      arg[k] = start;
    }
    for (int32_t e = begin + 1; e < end; ++e) {
      const int32_t j = csr.neighbour[size_t(e)];
      const float* v = x + j * channels;
      for (int64_t k = 0; k < channels; ++k) {
        const bool better = (v[k] > best[k]) | (v[k] != v[k]);
        best[k] = better ? v[k] : best[k];
        arg[k] = better ? j : arg[k];
      }
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const bool self_loops = c.as<NeighbourMax>().self_loops;
  const int64_t channels = c.shape(1)[1];
  return {.run = [self_loops, channels](const KernelArgs& args) {
    const Csr& csr = graph_of(args.adjacency(0), self_loops).in;
    const float* x = args.f32(1);
    auto* arg = static_cast<int32_t*>(args.out[1]);
    for_row_ranges(csr, channels, [&](int64_t first, int64_t last) {
      max_rows(csr, x, args.out_f32(), arg, first, last, channels);
    });
  }};
}

Cost cost(const Call& c) {
  const auto channels = double(c.shape(1)[1]), nodes = double(c.shape(1)[0]);
  const auto edges = double(most_edges(c.shape(0), c.as<NeighbourMax>().self_loops));
  return {edges * channels, 4 * (edges * (channels + 1) + 2 * nodes * channels)};
}

const std::vector<Sample> kSamples = {
    {{{DType::kAdjacency, {7, 7, 30}}, Shape{7, 5}}},
    {{{DType::kAdjacency, {9, 9, 25}}, Shape{9, 33}}, {{"self_loops", true}}},
    {{{DType::kAdjacency, {1, 1, 1}}, Shape{1, 1}}, {{"self_loops", true}}},
    {{{DType::kAdjacency, {3, 3, 0}}, Shape{3, 4}}},
    {{{DType::kAdjacency, {4, 4, 6}}, Shape{4, 0}}},
};

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const EdgeReach edges(c, in[0], c.as<NeighbourMax>().self_loops);
  const Reach heard = edges.neighbours_of(without_channels(in[1]));
  for (Reach& y : out) y = with_channels(heard, y.shape);
}
}  // namespace

extern const Op op_neighbour_max = {
    .name = "neighbour_max",
    .doc = "the largest value among each node's neighbours, and which neighbour holds it",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<NeighbourMax>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .places = Places::kNodes,
    .onnx = onnx_neighbour_max,
    .samples = kSamples,
};
}  // namespace cambium::op_neighbour_max
