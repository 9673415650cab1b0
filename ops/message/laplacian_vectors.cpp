// laplacian_vectors(adjacency of N nodes; count) -> y [N,count]: where each node stands in its
// graph, as eigenvectors of the graph's normalised Laplacian (directions and self loops aside), one
// connected part at a time: support/components.h. A part's numbers are computed when it is first
// seen and kept. No gradient: an adjacency has none. Dwivedi et al. 2020, arXiv 2003.00982, section
// 4.2.
#include "graph/graph.h"
#include "ops/message/support/components.h"
#include "ops/support/reach.h"

namespace cambium::op_laplacian_vectors {
namespace {
struct LaplacianVectors {
  int64_t count = 8;
  static constexpr auto fields = std::tuple{
      field("count", &LaplacianVectors::count, "eigenvectors, zeros where there are fewer")
          .in(1, 4096)};
};

int64_t count(const Call& c) {
  return c.as<LaplacianVectors>().count;
}

std::vector<ValueType> shape(const Call& c) {
  return component_type(c, count(c));
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  component_reference(laplacian_rows, count(c), in, out);
}

Kernel kernel(const Call& c, Engine&) {
  return component_kernel(laplacian_rows, count(c));
}

// Of a graph that is known: its rows are copied.
Cost cost(const Call& c) {
  return {.flops = 0, .bytes = 8 * double(c.out_shape().count() + c.shape(0)[2])};
}

SampleInput graph(int64_t nodes, int64_t edges) {
  return {DType::kAdjacency, Shape{nodes, nodes, edges}};
}
}  // namespace

extern const Op op_laplacian_vectors;
const Op op_laplacian_vectors = {.name = "laplacian_vectors",
                                 .doc = "eigenvectors of a graph's Laplacian",
                                 .min_inputs = 1,
                                 .max_inputs = 1,
                                 .attrs = fields_of<LaplacianVectors>,
                                 .shape = shape,
                                 .reference = reference,
                                 .kernel = kernel,
                                 .cost = cost,
                                 .reach = reach_nothing,
                                 .not_onnx = "ONNX has no operator for eigenvectors",
                                 .samples = {{{graph(9, 20)}, {{"count", 3}}},
                                             {{graph(1, 1)}, {{"count", 2}}},
                                             {{graph(40, 50)}, {{"count", 60}}},
                                             {{graph(600, 2400)}, {{"count", 4}}}}};
}  // namespace cambium::op_laplacian_vectors
