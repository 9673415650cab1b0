// Ring vs chain: is a graph one ring of n nodes, or something that looks like it from near by?
// A chain differs at its two ends alone, so a graph network has to find them; two rings of half
// the size differ nowhere for a network that only passes messages between equal nodes (it cannot
// be better than a guess: the Weisfeiler-Lehman test fails), and random features break that tie.
#include <algorithm>
#include <numeric>

#include "core/tensor/adjacency.h"
#include "data/generated/generated.h"

namespace cambium::dataset_ring_vs_chain {
namespace {
struct RingVsChain : SplitCounts {
  int64_t nodes = 20, features = 4;
  std::string other = "chain", kind = "constant";
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("nodes", &RingVsChain::nodes, "of every graph").in(6, 100'000),
          field("features", &RingVsChain::features, "numbers at each node").in(1, 1 << 12),
          field("other", &RingVsChain::other, "what is told from one ring, every second graph")
              .one_of("chain|two_rings"),
          field("kind", &RingVsChain::kind, "of the features: all 1, or N(0, 1) drawn anew")
              .one_of("constant|random")},
      SplitCounts::fields);

  RingVsChain() {
    train = 2000;
    val = test = 500;
  }
};

class RingVsChainSet final : public Dataset {
 public:
  RingVsChainSet(const RingVsChain& a, uint64_t seed) : options_(a), seed_(seed) {}

  DataShape shape(int64_t batch) const override {
    const int64_t nodes = batch * options_.nodes;
    return {.domain = Domain::kGraph,
            .x = {DType::kF32, {nodes, options_.features}},
            .target = {DType::kI32, {batch}},
            .adjacency = {DType::kAdjacency, {nodes, nodes, 2 * nodes}},
            .graphs = batch,
            .classes = 2};
  }

  int64_t count(Split split) const override { return options_.of(split); }

  void read(Split split, std::span<const int64_t> indices, uint64_t, Batch& into) const override {
    const std::span<float> x = into.x.f32();
    std::ranges::fill(x, 0.0f);
    std::ranges::fill(into.target.i32(), -1);
    std::vector<Edge> edges;
    const size_t row = size_t(options_.nodes * options_.features);
    for (size_t k = 0; k < indices.size(); ++k) {
      Random random(seed_, stream_of(str("ring_vs_chain.", int(split), ".", indices[k])));
      into.target.i32()[k] = write_graph(int32_t(int64_t(k) * options_.nodes), random, edges);
      for (float& value : x.subspan(k * row, row))
        value = options_.kind == "constant" ? 1.0f : float(random.normal());
    }
    into.adjacency = std::make_shared<const Adjacency>(make_adjacency(into.x.shape()[0], edges));
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"classes", 2}, {"channels", options_.features}};
  }

  uint64_t content() const override { return hash_options(options_, seed_); }

  std::string describe() const override {
    return str(options_.train, " train, ", options_.val, " val, ", options_.test,
               " test graphs of ", options_.nodes, " nodes, a ring or ",
               options_.other == "chain" ? "a chain" : "two rings", ", generated");
  }

 private:
  // Appends the edges of a graph whose nodes start at `first`; 1 for a ring, else 0.
  int32_t write_graph(int32_t first, Random& random, std::vector<Edge>& edges) const {
    std::vector<int32_t> order(size_t(options_.nodes));
    std::iota(order.begin(), order.end(), first);
    random.shuffle(std::span(order));
    const bool ring = random.below(2) == 1;
    const auto close = [&](size_t begin, size_t end) {
      for (size_t i = begin; i + 1 < end; ++i) edges.emplace_back(order[i], order[i + 1]);
      if (ring || options_.other == "two_rings") edges.emplace_back(order[end - 1], order[begin]);
    };
    if (ring || options_.other == "chain") {
      close(0, order.size());
    } else {
      close(0, order.size() / 2);
      close(order.size() / 2, order.size());
    }
    return ring;
  }

  RingVsChain options_;
  uint64_t seed_;
};
}  // namespace

extern const DatasetKind dataset_ring_vs_chain = {
    .name = "ring_vs_chain",
    .doc = "graphs that are one ring, or a chain or two rings instead; every graph has a class",
    .source = "Xu et al. 2019, How powerful are graph neural networks, arXiv 1810.00826, section 5",
    .attrs = fields_of<RingVsChain>,
    .open = [](const Attrs& attrs, uint64_t seed) -> std::unique_ptr<Dataset> {
      return std::make_unique<RingVsChainSet>(attrs.as<RingVsChain>(), seed);
    }};
}  // namespace cambium::dataset_ring_vs_chain
