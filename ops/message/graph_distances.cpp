// graph_distances(adjacency of N = graphs n nodes; graphs, most) -> y i32 [graphs,n,n]: y[g,s,t] =
// the edges of the shortest way on which node t of graph g hears node s, 0 for t itself, and most +
// 1 where that is more than `most` or there is none. Edges between graphs are not followed. A
// search from every node, O(graphs n (n + edges of a graph)). No gradient: an adjacency has none.
#include <algorithm>

#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/partition.h"
#include "ops/support/reach.h"
#include "ops/support/scratch.h"

namespace cambium::op_graph_distances {
namespace {
struct GraphDistances {
  int64_t graphs = 1, most = 16;
  static constexpr auto fields = std::tuple{
      field("graphs", &GraphDistances::graphs, "equal graphs that the nodes belong to").in(1),
      field("most", &GraphDistances::most, "the largest distance that is told apart")
          .in(0, 1 << 20)};
};

std::vector<ValueType> shape(const Call& c) {
  const int64_t nodes = c.shape(0)[0], graphs = c.as<GraphDistances>().graphs;
  require(c.dtype(0) == DType::kAdjacency, "distances are those of a graph, got ", c.in[0].type());
  require(nodes % graphs == 0, nodes, " nodes are not ", graphs, " graphs of one size");
  return {{DType::kI32, {graphs, nodes / graphs, nodes / graphs}}};
}

// By rounds over all edges, one more a round.
void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<GraphDistances>();
  const Csr& edges = in[0].adjacency->in;
  const int64_t n = c.out_shape()[1];
  std::ranges::fill(out[0].data, double(a.most + 1));
  for (int64_t s = 0; s < a.graphs * n; ++s) {
    const int64_t first = s / n * n;
    const auto at = [&](int64_t t) -> double& { return out[0][s * n + t - first]; };
    at(s) = 0;
    bool moved = true;
    for (int64_t round = 1; round <= a.most && moved; ++round) {
      moved = false;
      for (int64_t t = first; t < first + n; ++t)
        for (int32_t e = edges.begin[size_t(t)]; e < edges.begin[size_t(t) + 1]; ++e) {
          const int64_t heard = edges.neighbour[size_t(e)];
          if (heard < first || heard >= first + n) continue;
          if (at(heard) != double(round - 1) || at(t) <= double(round)) continue;
          at(t) = double(round);
          moved = true;
        }
    }
  }
}

// Who hears node `from` at which distance; `queue` has room for n nodes.
void search(const Csr& out_of, int64_t from, int64_t n, int64_t most, int32_t* queue, int32_t* y) {
  const int64_t first = from / n * n;
  std::fill_n(y, n, int32_t(most + 1));
  y[from - first] = 0;
  queue[0] = int32_t(from - first);
  for (int64_t head = 0, tail = 1; head < tail; ++head) {
    const int32_t at = queue[head], next = y[at] + 1;
    if (next > most) return;
    const auto row = size_t(first + at);
    for (int32_t e = out_of.begin[row]; e < out_of.begin[row + 1]; ++e) {
      const int64_t t = out_of.neighbour[size_t(e)] - first;
      if (t < 0 || t >= n || y[t] <= next) continue;
      y[t] = next;
      queue[tail++] = int32_t(t);
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t n = c.out_shape()[1], nodes = c.shape(0)[0], most = c.as<GraphDistances>().most;
  const int64_t parts = nodes * n < 4096 ? 1 : part_count(nodes);
  Scratch scratch;
  scratch.add(n * int64_t(sizeof(int32_t)));
  const auto run = [=, bytes = scratch.bytes](const KernelArgs& args) {
    const Csr& edges = args.adjacency(0).out;
    auto* y = static_cast<int32_t*>(args.out[0]);
    for_each_part(nodes, parts, [&](int64_t part, int64_t first, int64_t last) {
      auto* queue = reinterpret_cast<int32_t*>(args.scratch + part * bytes);
      for (int64_t s = first; s < last; ++s) search(edges, s, n, most, queue, y + s * n);
    });
  };
  return {.run = run, .scratch_bytes = parts * scratch.bytes};
}

Cost cost(const Call& c) {
  const double n = double(c.out_shape()[1]), edges = double(c.shape(0)[2]);
  return {.flops = 0, .bytes = 8 * (double(c.out_shape().count()) + edges * n)};
}

SampleInput graph(int64_t nodes, int64_t edges) {
  return {DType::kAdjacency, Shape{nodes, nodes, edges}};
}
}  // namespace

extern const Op op_graph_distances;
const Op op_graph_distances = {.name = "graph_distances",
                               .doc = "edges of the shortest ways between the nodes of graphs",
                               .min_inputs = 1,
                               .max_inputs = 1,
                               .attrs = fields_of<GraphDistances>,
                               .shape = shape,
                               .reference = reference,
                               .kernel = kernel,
                               .cost = cost,
                               .reach = reach_nothing,
                               .onnx = onnx_graph_distances,
                               .smooth = false,
                               .samples = {{{graph(9, 12)}, {{"most", int64_t{3}}}},
                                           {{graph(40, 60)}, {{"graphs", int64_t{2}}}},
                                           {{graph(130, 150)}, {{"most", int64_t{100}}}},
                                           {{graph(5, 8)}, {{"most", int64_t{0}}}},
                                           {{graph(1, 1)}}}};
}  // namespace cambium::op_graph_distances
