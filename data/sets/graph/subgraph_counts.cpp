// Subgraph counts: how many triangles or wedges (paths of two edges) a random graph has, or pass
// through each of its nodes. Every edge of G(n, p) is there with probability p, so that the mean
// and the variance of the counts are known and targets are standardised exactly: answering the mean
// has a squared error of 1. Networks that pass messages between equal nodes can count wedges but
// not triangles (Chen et al. 2020, arXiv 2002.04025); random features tell nodes apart. Edges may
// be of several kinds, which they carry one-hot; then shapes of one kind alone count, and who does
// not look at the edges cannot count them.
#include <algorithm>

#include "core/tensor/adjacency.h"
#include "data/generated/generated.h"

namespace cambium::dataset_subgraph_counts {
namespace {
struct SubgraphCounts : SplitCounts {
  int64_t nodes = 12, features = 1, kinds = 0;
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
              .one_of("constant|random"),
          field("kinds", &SubgraphCounts::kinds,
                "of edges, drawn evenly; a shape counts when its edges are of one kind. 0: edges "
                "carry nothing")
              .in(0, 1000)},
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

struct Chance {
  double p, kinds;

  // That so many edges are there and of one kind.
  double of(double edges) const { return std::pow(p, edges) * std::pow(kinds, 1 - edges); }
};

// A count is a sum over possible places of a shape with `edges` edges. Two places share at most one
// edge; `sharing` ordered pairs of them share one.
Moments moments_of(double places, double sharing, double edges, const Chance& chance) {
  const double one = chance.of(edges);
  const double variance =
      places * (one - one * one) + sharing * (chance.of(2 * edges - 1) - one * one);
  return {places * one, std::sqrt(variance)};
}

Moments moments_of(const SubgraphCounts& a) {
  const auto n = double(a.nodes);
  const bool triangles = a.count == "triangles";
  const double edges = triangles ? 3 : 2;
  const Chance chance{a.p, double(std::max<int64_t>(1, a.kinds))};
  if (a.level == "node")
    return moments_of(choose(n - 1, 2), choose(n - 1, 2) * 2 * (n - 3), edges, chance);
  return triangles ? moments_of(choose(n, 3), choose(n, 2) * (n - 2) * (n - 3), edges, chance)
                   : moments_of(n * choose(n - 1, 2), choose(n, 2) * 2 * (n - 2) * (2 * n - 5),
                                edges, chance);
}

class SubgraphCountsSet final : public Dataset {
 public:
  SubgraphCountsSet(const SubgraphCounts& a, uint64_t seed)
      : options_(a), seed_(seed), moments_(moments_of(a)) {}

  DataShape shape(int64_t batch) const override {
    const int64_t nodes = batch * options_.nodes;
    const int64_t most = nodes * (options_.nodes - 1);
    DataShape shape{.domain = Domain::kGraph,
                    .x = {DType::kF32, {nodes, options_.features}},
                    .target = {DType::kF32, {per_node() ? nodes : batch, 1}},
                    .adjacency = {DType::kAdjacency, {nodes, nodes, most}},
                    .graphs = batch};
    if (options_.kinds > 0) shape.edges = ValueType{DType::kF32, {most, options_.kinds}};
    return shape;
  }

  int64_t count(Split split) const override { return options_.of(split); }

  void read(Split split, std::span<const int64_t> indices, uint64_t, Batch& into) const override {
    const std::span<float> x = into.x.f32();
    std::ranges::fill(x, 0.0f);
    clear_target(into.target);
    std::vector<Edge> edges;
    std::vector<EdgeKinds> graphs;
    const auto row = size_t(options_.nodes * options_.features), n = size_t(options_.nodes);
    const size_t targets = per_node() ? n : 1;
    for (size_t k = 0; k < indices.size(); ++k) {
      Random random(seed_, stream_of(str("subgraph_counts.", int(split), ".", indices[k])));
      graphs.push_back(draw(int32_t(k * n), random, edges));
      count_shapes(graphs.back(), into.target.f32().subspan(k * targets, targets));
      for (float& value : x.subspan(k * row, row))
        value = options_.kind == "constant" ? 1.0f : float(random.normal());
    }
    into.adjacency = std::make_shared<const Adjacency>(make_adjacency(into.x.shape()[0], edges));
    if (options_.kinds > 0) write_kinds(graphs, *into.adjacency, into.edges.f32());
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"outputs", 1}, {"channels", options_.features}};
  }

  uint64_t content() const override { return hash_options(options_, seed_); }

  std::string describe() const override {
    return str(options_.train, " train, ", options_.val, " val, ", options_.test,
               " test graphs of ", options_.nodes, " nodes, the number of ", options_.count,
               options_.kinds > 0 ? str(" of one of ", options_.kinds, " kinds") : "",
               per_node() ? " of each node" : "", " less ", moments_.mean, ", over ",
               moments_.deviation, ", generated");
  }

  std::vector<ReferenceLoss> reference_losses() const override {
    return {{"the mean as every answer, mse", 1.0}};
  }

 private:
  bool per_node() const { return options_.level == "node"; }

  // Of each pair of nodes 0, or 1 + the kind of the edge between them.
  using EdgeKinds = std::vector<uint16_t>;

  // A graph whose nodes start at `first`, and its edges appended to the others.
  EdgeKinds draw(int32_t first, Random& random, std::vector<Edge>& edges) const {
    const auto n = size_t(options_.nodes);
    EdgeKinds g(n * n, 0);
    for (size_t u = 0; u < n; ++u)
      for (size_t v = u + 1; v < n; ++v) {
        if (random.uniform() >= options_.p) continue;
        const uint32_t kind = options_.kinds > 1 ? random.below(uint32_t(options_.kinds)) : 0;
        g[u * n + v] = g[v * n + u] = uint16_t(1 + kind);
        edges.emplace_back(first + int32_t(u), first + int32_t(v));
      }
    return g;
  }

  // One-hot, a row an edge, in the adjacency's order.
  void write_kinds(std::span<const EdgeKinds> graphs, const Adjacency& a,
                   std::span<float> to) const {
    const auto n = size_t(options_.nodes), kinds = size_t(options_.kinds);
    std::ranges::fill(to, 0.0f);
    for (size_t i = 0; i < graphs.size() * n; ++i)
      for (auto e = size_t(a.in.begin[i]); e < size_t(a.in.begin[i + 1]); ++e) {
        const size_t j = size_t(a.in.neighbour[e]) % n;
        to[e * kinds + graphs[i / n][i % n * n + j] - 1] = 1;
      }
  }

  void count_shapes(const EdgeKinds& joined, std::span<float> target) const {
    const auto n = size_t(options_.nodes);
    std::vector<double> counts(target.size(), 0.0);
    for (size_t middle = 0; middle < n; ++middle)
      for (size_t u = 0; u < n; ++u)
        for (size_t v = u + 1; v < n; ++v) {
          const uint16_t kind = joined[middle * n + u];
          if (kind == 0 || joined[middle * n + v] != kind) continue;
          if (options_.count == "wedges" || joined[u * n + v] == kind)
            counts[per_node() ? middle : 0] += 1;
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
}  // namespace cambium::dataset_subgraph_counts
