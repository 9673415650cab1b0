// walk_returns(adjacency of N nodes; steps) -> y [N,steps]: y[i,k] = the chance that a random walk
// from node i is back at i after k + 1 steps, to neighbours drawn equally (directions and self
// loops aside). O(N steps E) for a connected part of N nodes and E edges, computed when it is first
// seen and kept. No gradient: an adjacency has none. Dwivedi et al. 2021, arXiv 2110.07875,
// section 3.2.
#include <algorithm>

#include "graph/graph.h"
#include "ops/message/support/components.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_walk_returns {
namespace {
struct WalkReturns {
  int64_t steps = 8;
  static constexpr auto fields =
      std::tuple{field("steps", &WalkReturns::steps, "steps of the longest walk").in(1, 4096)};
};

int64_t steps(const Call& c) {
  return c.as<WalkReturns>().steps;
}

std::vector<double> returns(const Component& c, int64_t width) {
  const auto n = size_t(c.size());
  std::vector<double> rows(n * size_t(width), 0.0), here(n), next(n);
  for (size_t start = 0; start < n && n > 1; ++start) {
    std::ranges::fill(here, 0.0);
    here[start] = 1;
    for (int64_t k = 0; k < width; ++k) {
      std::ranges::fill(next, 0.0);
      for (size_t i = 0; i < n; ++i) {
        if (here[i] == 0) continue;
        const double share = here[i] / double(c.degree(int64_t(i)));
        for (int32_t e = c.begin[i]; e < c.begin[i + 1]; ++e)
          next[size_t(c.neighbour[size_t(e)])] += share;
      }
      std::swap(here, next);
      rows[start * size_t(width) + size_t(k)] = here[start];
    }
  }
  return rows;
}

std::vector<ValueType> shape(const Call& c) {
  return component_type(c, steps(c));
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  component_reference(returns, steps(c), in, out);
}

Kernel kernel(const Call& c, Engine&) {
  return component_kernel(returns, steps(c));
}

// Of a graph that is known: its rows are copied.
Cost cost(const Call& c) {
  return {.flops = 0, .bytes = 8 * double(c.out_shape().count() + c.shape(0)[2])};
}

SampleInput graph(int64_t nodes, int64_t edges) {
  return {DType::kAdjacency, Shape{nodes, nodes, edges}};
}
}  // namespace

extern const Op op_walk_returns;
const Op op_walk_returns = {.name = "walk_returns",
                            .doc = "how likely random walks come back to a node",
                            .min_inputs = 1,
                            .max_inputs = 1,
                            .attrs = fields_of<WalkReturns>,
                            .shape = shape,
                            .reference = reference,
                            .kernel = kernel,
                            .cost = cost,
                            .reach = reach_nothing,
                            .onnx = onnx_walk_returns,
                            .samples = {{{graph(9, 20)}, {{"steps", 5}}},
                                        {{graph(1, 1)}, {{"steps", 2}}},
                                        {{graph(40, 50)}, {{"steps", 7}}}}};
}  // namespace cambium::op_walk_returns
