// Planted links: one large random graph whose nodes lean to neighbours of their own kind. Some of
// its edges are hidden, and a model that passes messages along the others is asked which of some
// pairs of nodes are joined: as many hidden edges as pairs that are not joined.
//   x [N,C]: noise around a mean of each kind   pairs [P,2]   target [P]: 1 joined, 0 not
// In training the pairs are the edges that are seen, and new pairs that are not joined every epoch.
#include <algorithm>
#include <set>

#include "core/rng.h"
#include "data/dataset.h"

namespace cambium::dataset_planted_links {
namespace {
struct PlantedLinks {
  int64_t nodes = 1000, edges = 4000, features = 16, kinds = 8;
  double homophily = 0.9, signal = 0.5, hidden = 0.2;

  static constexpr auto fields = std::tuple{
      field("nodes", &PlantedLinks::nodes, "of the one graph").in(4, 1'000'000),
      field("edges", &PlantedLinks::edges, "drawn; repeats are dropped").in(10, 5'000'000),
      field("features", &PlantedLinks::features, "numbers at each node").in(1, 1 << 16),
      field("kinds", &PlantedLinks::kinds, "of nodes, equally likely").in(1, 10'000),
      field("homophily", &PlantedLinks::homophily, "share of edges that stay in their kind")
          .in(0, 1),
      field("signal", &PlantedLinks::signal, "standard deviation of the kinds' means; noise has 1")
          .in(0, 1e3),
      field("hidden", &PlantedLinks::hidden,
            "share of the edges to ask about, half in val and half "
            "in test")
          .in(1e-3, 0.9)};
};

class PlantedLinksSet final : public Dataset {
 public:
  PlantedLinksSet(const PlantedLinks& a, uint64_t seed) : options_(a), seed_(seed) {
    require_room("nodes", double(a.nodes) * double(a.features + 8));
    require_room("edges", double(a.edges) * 32);
    require_room("kinds", double(a.kinds) * double(a.features));
    Random random(seed, stream_of("planted_links"));
    draw_nodes(random);
    draw_edges(random);
    if (joined_.size() * 2 > size_t(a.nodes) * size_t(a.nodes - 1) / 2)
      throw OptionError("edges", str("edges = ", a.edges, " join most pairs of nodes = ", a.nodes),
                        "use fewer edges or more nodes: as many pairs must not be joined");
    for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest})
      if (edges_[size_t(split)].empty())
        throw OptionError("hidden", str("hidden = ", a.hidden, " of ", joined_.size(),
                                        " edges leaves a split without any"));
    adjacency_ =
        std::make_shared<const Adjacency>(make_adjacency(a.nodes, edges_[size_t(Split::kTrain)]));
    for (const auto& edges : edges_) pairs_ = std::max(pairs_, 2 * int64_t(edges.size()));
  }

  DataShape shape(int64_t batch) const override {
    require(batch == 1, "planted_links: an example is the whole graph, so batch must be 1, got ",
            batch);
    DataShape s{
        .domain = Domain::kGraph,
        .x = x_.type(),
        .target = {DType::kI32, {pairs_}},
        .adjacency = {DType::kAdjacency, {options_.nodes, options_.nodes, adjacency_->edges}},
        .graphs = 1,
        .one_graph = true,
        .classes = 2};
    s.pairs = ValueType{DType::kI32, {pairs_, 2}};
    return s;
  }

  int64_t count(Split) const override { return 1; }

  void read(Split split, std::span<const int64_t> indices, uint64_t epoch_seed,
            Batch& into) const override {
    std::ranges::copy(x_.f32(), into.x.f32().begin());
    std::ranges::fill(into.pairs.i32(), 0);
    clear_target(into.target);
    into.adjacency = adjacency_;
    into.examples = int64_t(indices.size());
    if (indices.empty()) return;
    Random random(seed_ ^ epoch_seed, stream_of(str("planted_links.", int(split))));
    const std::vector<Edge>& edges = edges_[size_t(split)];
    for (size_t k = 0; k < edges.size(); ++k) {
      put(into, 2 * k, edges[k], 1);
      put(into, 2 * k + 1, not_joined(random), 0);
    }
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"classes", 2}, {"channels", options_.features}};
  }

  uint64_t content() const override { return hash_options(options_, seed_); }

  std::string describe() const override {
    return str("a graph of ", options_.nodes, " nodes, ", edges_[0].size(), " edges to see, ",
               edges_[1].size(), " val and ", edges_[2].size(),
               " test edges to tell from as many pairs that are not joined, generated");
  }

 private:
  void draw_nodes(Random& random) {
    const int64_t width = options_.features;
    std::vector<float> mean(size_t(options_.kinds * width));
    for (float& m : mean) m = float(options_.signal * random.normal());
    x_ = Tensor(DType::kF32, Shape{options_.nodes, width});
    members_.resize(size_t(options_.kinds));
    for (int64_t i = 0; i < options_.nodes; ++i) {
      const auto kind = int32_t(random.below(uint32_t(options_.kinds)));
      kind_.push_back(kind);
      members_[size_t(kind)].push_back(int32_t(i));
      for (int64_t k = 0; k < width; ++k)
        x_.f32()[size_t(i * width + k)] = mean[size_t(kind * width + k)] + float(random.normal());
    }
  }

  void draw_edges(Random& random) {
    for (int64_t e = 0; e < options_.edges; ++e) {
      const int32_t u = any_node(random);
      const std::vector<int32_t>& own = members_[size_t(kind_[size_t(u)])];
      const int32_t v = random.uniform() < options_.homophily
                            ? own[random.below(uint32_t(own.size()))]
                            : any_node(random);
      if (u == v || !joined_.insert(ordered(u, v)).second) continue;
      const double share = random.uniform() / options_.hidden;
      edges_[share >= 1 ? 0 : share < 0.5 ? 1 : 2].push_back(ordered(u, v));
    }
  }

  int32_t any_node(Random& random) const { return int32_t(random.below(uint32_t(options_.nodes))); }

  static Edge ordered(int32_t u, int32_t v) { return {std::min(u, v), std::max(u, v)}; }

  Edge not_joined(Random& random) const {
    for (;;) {
      const Edge e = ordered(any_node(random), any_node(random));
      if (e.first != e.second && !joined_.contains(e)) return e;
    }
  }

  static void put(Batch& into, size_t at, const Edge& e, int32_t target) {
    into.pairs.i32()[2 * at] = e.first;
    into.pairs.i32()[2 * at + 1] = e.second;
    into.target.i32()[at] = target;
  }

  PlantedLinks options_;
  uint64_t seed_;
  Tensor x_;
  std::vector<int32_t> kind_;
  std::vector<std::vector<int32_t>> members_;  // nodes by kind
  std::set<Edge> joined_;                      // seen or hidden
  std::vector<Edge> edges_[3];                 // by Split
  std::shared_ptr<const Adjacency> adjacency_;
  int64_t pairs_ = 0;
};
}  // namespace

extern const DatasetKind dataset_planted_links = {
    .name = "planted_links",
    .doc = "one large random graph with hidden edges: which pairs of nodes are joined? (link)",
    .source =
        "the planted partition model, Condon and Karp 2001; the task is that of Kipf and "
        "Welling 2016, arXiv 1611.07308",
    .attrs = fields_of<PlantedLinks>,
    .open = [](const Attrs& attrs, uint64_t seed) -> std::unique_ptr<Dataset> {
      return std::make_unique<PlantedLinksSet>(attrs.as<PlantedLinks>(), seed);
    }};
}  // namespace cambium::dataset_planted_links
