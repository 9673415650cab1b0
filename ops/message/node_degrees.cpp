// node_degrees(adjacency of N nodes; out, most) -> y i32 [N]: how many a node hears, or by how many
// it is heard, at most `most`. No gradient: an adjacency has none.
#include <algorithm>

#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_node_degrees {
namespace {
struct NodeDegrees {
  bool out = false;
  int64_t most = 64;
  static constexpr auto fields =
      std::tuple{field("out", &NodeDegrees::out, "edges that leave a node, not those that enter"),
                 field("most", &NodeDegrees::most, "larger degrees count as this").in(0, 1 << 20)};
};

std::vector<ValueType> shape(const Call& c) {
  require(c.dtype(0) == DType::kAdjacency, "degrees are those of a graph, got ", c.in[0].type());
  return {{DType::kI32, {c.shape(0)[0]}}};
}

// By counting the ends of all edges.
void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<NodeDegrees>();
  const Csr& edges = in[0].adjacency->in;
  for (int64_t t = 0; t < out[0].size(); ++t)
    for (int32_t e = edges.begin[size_t(t)]; e < edges.begin[size_t(t) + 1]; ++e) {
      double& count = out[0][a.out ? edges.neighbour[size_t(e)] : t];
      count = std::min(count + 1, double(a.most));
    }
}

Kernel kernel(const Call& c, Engine&) {
  const auto a = c.as<NodeDegrees>();
  return {.run = [a, n = c.shape(0)[0]](const KernelArgs& args) {
    const Adjacency& g = args.adjacency(0);
    const std::vector<int32_t>& begin = (a.out ? g.out : g.in).begin;
    auto* y = static_cast<int32_t*>(args.out[0]);
    for (int64_t i = 0; i < n; ++i)
      y[i] = std::min(begin[size_t(i) + 1] - begin[size_t(i)], int32_t(a.most));
  }};
}

Cost cost(const Call& c) {
  return {.flops = 0, .bytes = 8 * double(c.shape(0)[0])};
}

SampleInput graph(int64_t nodes, int64_t edges) {
  return {DType::kAdjacency, Shape{nodes, nodes, edges}};
}
}  // namespace

extern const Op op_node_degrees;
const Op op_node_degrees = {.name = "node_degrees",
                            .doc = "how many neighbours each node of a graph has",
                            .min_inputs = 1,
                            .max_inputs = 1,
                            .attrs = fields_of<NodeDegrees>,
                            .shape = shape,
                            .reference = reference,
                            .kernel = kernel,
                            .cost = cost,
                            .reach = reach_nothing,
                            .onnx = onnx_node_degrees,
                            .smooth = false,
                            .samples = {{{graph(9, 20)}},
                                        {{graph(70, 300)}, {{"out", true}, {"most", int64_t{3}}}},
                                        {{graph(5, 8)}, {{"most", int64_t{0}}}},
                                        {{graph(1, 1)}}}};
}  // namespace cambium::op_node_degrees
