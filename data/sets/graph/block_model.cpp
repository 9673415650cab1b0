// Stochastic block model graphs (Holland, Laskey and Leinhardt 1983): nodes of one community are
// joined with probability p_in, nodes of two with p_out. The task is to name every node's
// community when only some nodes show it, so a model must carry hints along the edges.
#include <algorithm>
#include <cmath>

#include "core/rng.h"
#include "data/dataset.h"

namespace cambium::dataset_block_model {
namespace {
struct BlockModel {
  int64_t train = 1000, val = 200, test = 200;
  int64_t nodes = 60, communities = 4;
  double p_in = 0.3, p_out = 0.05;
  std::vector<std::string> features = {"hints", "degree"};
  double reveal = 0.2, noise = 0.1;

  static constexpr auto fields = std::tuple{
      field("train", &BlockModel::train, "graphs to train on").in(1),
      field("val", &BlockModel::val, "graphs to validate on").in(1),
      field("test", &BlockModel::test, "graphs to test on").in(1),
      field("nodes", &BlockModel::nodes, "nodes of each graph").in(2, 10'000),
      field("communities", &BlockModel::communities, "equal groups of nodes").in(2, 1000),
      field("p_in", &BlockModel::p_in, "chance of an edge inside a community").in(0, 1),
      field("p_out", &BlockModel::p_out, "chance of an edge between two").in(0, 1),
      field("features", &BlockModel::features,
            "hints: one-hot of the community where revealed; "
            "degree: edges of the node / mean edges")
          .one_of("hints|degree"),
      field("reveal", &BlockModel::reveal, "chance that a node's hint is there at all").in(0, 1),
      field("noise", &BlockModel::noise, "chance that a hint names a random community").in(0, 1)};
};

struct Drawn {  // one graph
  std::vector<Edge> edges;
  std::vector<int32_t> community;
  std::vector<float> x;  // [nodes,C]
};

class BlockModelSet final : public Dataset {
 public:
  BlockModelSet(const BlockModel& a, uint64_t seed) : options_(a), seed_(seed) {
    if (a.communities > a.nodes)
      throw OptionError("communities", str("communities = ", a.communities, " but a graph has ",
                                           a.nodes, " nodes"));
    if (a.features.empty()) throw OptionError("features", "features is empty");
    hints_ = std::ranges::count(a.features, "hints") > 0;
    degree_ = std::ranges::count(a.features, "degree") > 0;
    // Pairs by kind; node i starts in community i % communities.
    const double pairs = double(a.nodes) * double(a.nodes - 1) / 2;
    double inside = 0;
    for (int64_t k = 0; k < a.communities; ++k) {
      const int64_t size = (a.nodes - k + a.communities - 1) / a.communities;
      inside += double(size) * double(size - 1) / 2;
    }
    mean_ = inside * a.p_in + (pairs - inside) * a.p_out;
    const double variance =
        inside * a.p_in * (1 - a.p_in) + (pairs - inside) * a.p_out * (1 - a.p_out);
    most_ = int64_t(std::min(pairs, std::ceil(mean_ + 6 * std::sqrt(variance) + 1)));
  }

  DataShape shape(int64_t batch) const override {
    const int64_t nodes = batch * options_.nodes;
    return {.domain = Domain::kGraph,
            .x = {DType::kF32, {nodes, channels()}},
            .target = {DType::kI32, {nodes}},
            .adjacency = {DType::kAdjacency, {nodes, nodes, 2 * batch * most_}},
            .graphs = batch,
            .classes = options_.communities};
  }

  int64_t count(Split split) const override {
    if (split == Split::kTrain) return options_.train;
    return split == Split::kValidation ? options_.val : options_.test;
  }

  void read(Split split, std::span<const int64_t> indices, uint64_t, Batch& into) const override {
    const std::span<float> x = into.x.f32();
    const std::span<int32_t> target = into.target.i32();
    std::ranges::fill(x, 0.0f);
    std::ranges::fill(target, -1);
    std::vector<Edge> edges;
    for (size_t k = 0; k < indices.size(); ++k) {
      const Drawn graph = draw(split, indices[k]);
      const auto offset = int32_t(int64_t(k) * options_.nodes);
      for (auto [u, v] : graph.edges) edges.emplace_back(u + offset, v + offset);
      std::ranges::copy(graph.x, x.begin() + offset * channels());
      std::ranges::copy(graph.community, target.begin() + offset);
    }
    into.adjacency = std::make_shared<const Adjacency>(make_adjacency(into.x.shape()[0], edges));
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"classes", options_.communities}, {"channels", channels()}};
  }

  uint64_t content() const override { return hash_options(options_, seed_); }

  std::string describe() const override {
    return str(options_.train, " train, ", options_.val, " val, ", options_.test,
               " test graphs of ", options_.nodes, " nodes in ", options_.communities,
               " communities, about ", std::lround(mean_), " edges each, generated");
  }

 private:
  int64_t channels() const { return (hints_ ? options_.communities : 0) + (degree_ ? 1 : 0); }

  // A function of (seed, split, index) alone. A graph with more edges than the bound, six standard
  // deviations above the mean, is drawn again.
  Drawn draw(Split split, int64_t index) const {
    for (int attempt = 0;; ++attempt) {
      Random random(seed_, stream_of(str("block_model.", int(split), ".", index, ".", attempt)));
      Drawn graph = draw(random);
      if (int64_t(graph.edges.size()) <= most_) return graph;
    }
  }

  Drawn draw(Random& random) const {
    const auto nodes = int32_t(options_.nodes);
    Drawn graph;
    for (int32_t i = 0; i < nodes; ++i)
      graph.community.push_back(i % int32_t(options_.communities));
    random.shuffle(std::span(graph.community));
    std::vector<float> degree(size_t(nodes), 0.0f);
    for (int32_t u = 0; u < nodes; ++u)
      for (int32_t v = u + 1; v < nodes; ++v) {
        const bool same = graph.community[size_t(u)] == graph.community[size_t(v)];
        if (random.uniform() >= (same ? options_.p_in : options_.p_out)) continue;
        graph.edges.emplace_back(u, v);
        ++degree[size_t(u)];
        ++degree[size_t(v)];
      }
    graph.x.assign(size_t(nodes * channels()), 0.0f);
    const auto mean_degree = float(std::max(1e-9, 2 * mean_ / double(nodes)));
    for (size_t i = 0; i < size_t(nodes); ++i) {
      float* row = graph.x.data() + i * size_t(channels());
      if (hints_ && random.uniform() < options_.reveal) {
        const bool wrong = random.uniform() < options_.noise;
        const auto anyone = int32_t(random.below(uint32_t(options_.communities)));
        row[wrong ? anyone : graph.community[i]] = 1;
      }
      if (degree_) row[channels() - 1] = degree[i] / mean_degree;
    }
    return graph;
  }

  BlockModel options_;
  uint64_t seed_;
  bool hints_ = false, degree_ = false;
  double mean_ = 0;   // undirected edges expected in a graph
  int64_t most_ = 0;  // undirected edges a graph may have
};
}  // namespace

extern const DatasetKind dataset_block_model = {
    .name = "block_model",
    .doc = "generated graphs of hidden communities; every node's community is the target",
    .source = "Holland, Laskey and Leinhardt 1983, Stochastic blockmodels: first steps",
    .attrs = fields_of<BlockModel>,
    .open = [](const Attrs& attrs, uint64_t seed) -> std::unique_ptr<Dataset> {
      return std::make_unique<BlockModelSet>(attrs.as<BlockModel>(), seed);
    }};
}  // namespace cambium::dataset_block_model
