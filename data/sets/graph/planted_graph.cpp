// Planted graph: one large random graph whose nodes lean to neighbours of their own class, with
// noisy features around a mean of each class. Edges are drawn one by one, so millions of them take
// a second.
#include <algorithm>
#include <cmath>

#include "core/rng.h"
#include "data/dataset.h"
#include "data/graph_text.h"

namespace cambium::dataset_planted_graph {
namespace {
struct PlantedGraph {
  int64_t nodes = 10'000, edges = 50'000, features = 64, classes = 8;
  double homophily = 0.8, signal = 0.5, labelled = 0.5;

  static constexpr auto fields = std::tuple{
      field("nodes", &PlantedGraph::nodes, "of the one graph").in(2, 10'000'000),
      field("edges", &PlantedGraph::edges, "drawn, each in both directions; repeats are dropped")
          .in(1, 500'000'000),
      field("features", &PlantedGraph::features, "numbers at each node").in(1, 1 << 16),
      field("classes", &PlantedGraph::classes, "equally likely").in(2, 10'000),
      field("homophily", &PlantedGraph::homophily, "share of edges that stay in their class")
          .in(0, 1),
      field("signal", &PlantedGraph::signal, "standard deviation of the class means; noise has 1")
          .in(0, 1e3),
      field("labelled", &PlantedGraph::labelled,
            "share of nodes to train on; the rest is halved into val and test")
          .in(1e-6, 0.999)};
};

class PlantedGraphSet final : public Dataset {
 public:
  PlantedGraphSet(const PlantedGraph& a, uint64_t seed) : options_(a) {
    require_room("nodes", double(a.nodes) * double(a.features + 8));
    require_room("edges", double(a.edges) * 32);
    require_room("classes", double(a.classes) * double(a.features));
    Random random(seed, stream_of("planted_graph"));
    draw_nodes(random);
    draw_edges(random);
  }

  DataShape shape(int64_t batch) const override {
    require(batch == 1, "planted_graph: an example is the whole graph, so batch must be 1, got ",
            batch);
    return {.domain = Domain::kGraph,
            .x = x_.type(),
            .target = {DType::kI32, {options_.nodes}},
            .adjacency = {DType::kAdjacency, {options_.nodes, options_.nodes, adjacency_->edges}},
            .graphs = 1,
            .one_graph = true,
            .classes = options_.classes};
  }

  int64_t count(Split) const override { return 1; }

  void read(Split split, std::span<const int64_t> indices, uint64_t, Batch& into) const override {
    std::ranges::copy(x_.f32(), into.x.f32().begin());
    const std::span<int32_t> target = into.target.i32();
    for (size_t i = 0; i < target.size(); ++i)
      target[i] = !indices.empty() && split_[i] == split ? class_[i] : -1;
    into.adjacency = adjacency_;
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"classes", options_.classes}, {"channels", options_.features}};
  }

  uint64_t content() const override {
    return joined_hash({hash_bytes(x_.raw()), hash_of(class_), hash_of(split_),
                        hash_of(adjacency_->in.neighbour)});
  }

  std::string describe() const override {
    return str("a graph of ", options_.nodes, " nodes and ", edges_text(*adjacency_), ", ",
               options_.features, " features, ", options_.classes, " classes; ",
               std::ranges::count(split_, Split::kTrain), " nodes to train on, generated");
  }

 private:
  void draw_nodes(Random& random) {
    const int64_t width = options_.features;
    std::vector<float> mean(size_t(options_.classes * width));
    for (float& m : mean) m = float(options_.signal * random.normal());
    x_ = Tensor(DType::kF32, Shape{options_.nodes, width});
    members_.resize(size_t(options_.classes));
    for (int64_t i = 0; i < options_.nodes; ++i) {
      const auto label = int32_t(random.below(uint32_t(options_.classes)));
      class_.push_back(label);
      members_[size_t(label)].push_back(int32_t(i));
      const double u = random.uniform(), rest = (1 - options_.labelled) / 2;
      split_.push_back(u < options_.labelled          ? Split::kTrain
                       : u < options_.labelled + rest ? Split::kValidation
                                                      : Split::kTest);
      for (int64_t k = 0; k < width; ++k)
        x_.f32()[size_t(i * width + k)] = mean[size_t(label * width + k)] + float(random.normal());
    }
  }

  void draw_edges(Random& random) {
    std::vector<Edge> edges;
    edges.reserve(size_t(options_.edges));
    for (int64_t e = 0; e < options_.edges; ++e) {
      const auto u = int32_t(random.below(uint32_t(options_.nodes)));
      const std::vector<int32_t>& own = members_[size_t(class_[size_t(u)])];
      const int32_t v = random.uniform() < options_.homophily
                            ? own[random.below(uint32_t(own.size()))]
                            : int32_t(random.below(uint32_t(options_.nodes)));
      if (u != v) edges.emplace_back(u, v);
    }
    adjacency_ = std::make_shared<const Adjacency>(make_adjacency(options_.nodes, edges));
  }

  PlantedGraph options_;
  Tensor x_;
  std::vector<int32_t> class_;
  std::vector<Split> split_;
  std::vector<std::vector<int32_t>> members_;  // nodes by class
  std::shared_ptr<const Adjacency> adjacency_;
};
}  // namespace

extern const DatasetKind dataset_planted_graph = {
    .name = "planted_graph",
    .doc = "one large random graph with planted classes: name the class of every node",
    .source = "the planted partition model, Condon and Karp 2001, with Gaussian features",
    .attrs = fields_of<PlantedGraph>,
    .open = [](const Attrs& attrs, uint64_t seed) -> std::unique_ptr<Dataset> {
      return std::make_unique<PlantedGraphSet>(attrs.as<PlantedGraph>(), seed);
    }};
}  // namespace cambium::dataset_planted_graph
