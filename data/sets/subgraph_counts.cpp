// Subgraph counts: how many triangles or wedges (paths of two edges) a random graph has, or pass
// through each of its nodes. Every edge of G(n, p) is there with probability p, so that the mean
// and the variance of the counts are known and targets are standardised exactly: answering the mean
// has a squared error of 1. Networks that pass messages between equal nodes can count wedges but
// not triangles (Chen et al. 2020, arXiv 2002.04025); random features tell nodes apart.
#include <algorithm>

#include "core/adjacency.h"
#include "data/generated.h"

namespace cambium {
namespace {
struct SubgraphCounts : SplitCounts {
  int64_t nodes = 12, features = 1;
  double p = 0.3;
  std::string count = "triangles", level = "graph", kind = "constant";
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("count", &SubgraphCounts::count, "what is counted; a wedge is a path of two edges")
              .one_of("triangles|wedges"),
          field("level", &SubgraphCounts::level,
                "graph: one number a graph; node: triangles through each node, or wedges with it "
                "in the middle")
              .one_of("graph|node"),
          field("nodes", &SubgraphCounts::nodes, "of every graph").in(4, 1000),
          field("p", &SubgraphCounts::p, "chance of each edge").in(0.01, 0.99),
          field("features", &SubgraphCounts::features, "numbers at each node").in(1, 1 << 12),
          field("kind", &SubgraphCounts::kind, "of the features: all 1, or N(0, 1)")
              .one_of("constant|random")},
      SplitCounts::fields);

  SubgraphCounts() {
    train = 2000;
    val = test = 500;
  }
};

double choose(double n, double k) {
  return k < 0.5 ? 1 : choose(n - 1, k - 1) * n / k;
}

struct Moments {
  double mean, deviation;
};

// A count is a sum over possible places of a shape with `edges` edges. Two places share at most one
// edge; `sharing` ordered pairs of them share one.
Moments moments_of(double places, double sharing, double edges, double p) {
  const double both = std::pow(p, 2 * edges);
  const double variance =
      places * (std::pow(p, edges) - both) + sharing * (std::pow(p, 2 * edges - 1) - both);
  return {places * std::pow(p, edges), std::sqrt(variance)};
}

Moments moments_of(const SubgraphCounts& a) {
  const auto n = double(a.nodes);
  const bool triangles = a.count == "triangles";
  const double edges = triangles ? 3 : 2;
  if (a.level == "node")
    return moments_of(choose(n - 1, 2), choose(n - 1, 2) * 2 * (n - 3), edges, a.p);
  return triangles ? moments_of(choose(n, 3), choose(n, 2) * (n - 2) * (n - 3), edges, a.p)
                   : moments_of(n * choose(n - 1, 2), choose(n, 2) * 2 * (n - 2) * (2 * n - 5),
                                edges, a.p);
}

class SubgraphCountsSet final : public Dataset {
 public:
  SubgraphCountsSet(const SubgraphCounts& a, uint64_t seed)
      : options_(a), seed_(seed), moments_(moments_of(a)) {}

  DataShape shape(int64_t batch) const override {
    const int64_t nodes = batch * options_.nodes;
    return {.domain = Domain::kGraph,
            .x = {DType::kF32, {nodes, options_.features}},
            .target = {DType::kF32, {per_node() ? nodes : batch, 1}},
            .adjacency = {DType::kAdjacency, {nodes, nodes, nodes * (options_.nodes - 1)}},
            .graphs = batch};
  }

  int64_t count(Split split) const override { return options_.of(split); }

  void read(Split split, std::span<const int64_t> indices, uint64_t, Batch& into) const override {
    const std::span<float> x = into.x.f32();
    std::ranges::fill(x, 0.0f);
    clear_target(into.target);
    std::vector<Edge> edges;
    const auto row = size_t(options_.nodes * options_.features), n = size_t(options_.nodes);
    const size_t targets = per_node() ? n : 1;
    for (size_t k = 0; k < indices.size(); ++k) {
      Random random(seed_, stream_of(str("subgraph_counts.", int(split), ".", indices[k])));
      write(int32_t(k * n), random, edges, into.target.f32().subspan(k * targets, targets));
      for (float& value : x.subspan(k * row, row))
        value = options_.kind == "constant" ? 1.0f : float(random.normal());
    }
    into.adjacency = std::make_shared<const Adjacency>(make_adjacency(into.x.shape()[0], edges));
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"outputs", 1}, {"channels", options_.features}};
  }

  std::string describe() const override {
    return str(options_.train, " train, ", options_.val, " val, ", options_.test,
               " test graphs of ", options_.nodes, " nodes, the number of ", options_.count,
               per_node() ? " of each node" : "", " less ", moments_.mean, ", over ",
               moments_.deviation, ", generated");
  }

  std::vector<std::pair<std::string, double>> reference_losses() const override {
    return {{"the mean as every answer, mse", 1.0}};
  }

 private:
  bool per_node() const { return options_.level == "node"; }

  // Appends the edges of a graph whose nodes start at `first` and writes its standardised counts.
  void write(int32_t first, Random& random, std::vector<Edge>& edges,
             std::span<float> target) const {
    const auto n = size_t(options_.nodes);
    std::vector<uint8_t> joined(n * n, 0);
    for (size_t u = 0; u < n; ++u)
      for (size_t v = u + 1; v < n; ++v) {
        if (random.uniform() >= options_.p) continue;
        joined[u * n + v] = joined[v * n + u] = 1;
        edges.emplace_back(first + int32_t(u), first + int32_t(v));
      }
    std::vector<double> counts(target.size(), 0.0);
    for (size_t middle = 0; middle < n; ++middle)
      for (size_t u = 0; u < n; ++u)
        for (size_t v = u + 1; v < n; ++v) {
          if (!joined[middle * n + u] || !joined[middle * n + v]) continue;
          if (options_.count == "wedges" || joined[u * n + v]) counts[per_node() ? middle : 0] += 1;
        }
    // Of a graph each triangle was met at its three corners.
    const double times = options_.count == "triangles" && !per_node() ? 3 : 1;
    for (size_t i = 0; i < target.size(); ++i)
      target[i] = float((counts[i] / times - moments_.mean) / moments_.deviation);
  }

  SubgraphCounts options_;
  uint64_t seed_;
  Moments moments_;
};
}  // namespace

extern const DatasetKind dataset_subgraph_counts = {
    .name = "subgraph_counts",
    .doc = "random graphs with the standardised number of their triangles or wedges as the target",
    .source =
        "Chen et al. 2020, Can graph neural networks count substructures, arXiv 2002.04025; Erdos "
        "and Renyi 1959",
    .attrs = fields_of<SubgraphCounts>,
    .open = [](const Attrs& attrs, uint64_t seed) -> std::unique_ptr<Dataset> {
      return std::make_unique<SubgraphCountsSet>(attrs.as<SubgraphCounts>(), seed);
    }};
}  // namespace cambium
