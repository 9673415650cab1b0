// Padding: every block, on every kind of data that pads, answers the same for what is real however
// long the padding is and whatever it holds, and so does its gradient; or it refuses.
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/padded_layout.h"

namespace cambium::padding_test {
namespace {
// A sample of a block behind what leads from padded data to its domain.
std::vector<Layout> layouts_of(const BlockSample& s) {
  std::vector<Layout> all;
  const Shape& shape = s.shape;
  const int64_t width = shape.last();
  const auto add = [&](const std::string& before, Domain domain, int64_t places, int64_t unit = 1) {
    const std::string yaml = before.empty() ? "- " + s.yaml : str(before, "\n- ", s.yaml);
    all.push_back({yaml, padded_input(domain, places, width, unit + 1), unit});
  };
  switch (s.domain) {
    case Domain::kIds:
      add("", Domain::kIds, shape[1]);
      break;
    case Domain::kTokens:
      add("", Domain::kTokens, shape[1]);
      add("- graph_to_tokens", Domain::kGraph, shape[1]);
      break;
    case Domain::kGrid:
      add(str("- tokens_to_grid: {columns: ", shape[2], "}"), Domain::kTokens, shape[1] * shape[2],
          shape[2]);
      break;
    case Domain::kGraph:
      add("", Domain::kGraph, shape[0]);
      if (s.yaml.find("edges: true") != s.yaml.npos || s.yaml.find("link") == 0) break;
      add("- tokens_to_graph: {neighbours: window, window: 2}", Domain::kTokens, shape[0]);
      add("- tokens_to_graph: {neighbours: knn, k: 2}", Domain::kTokens, shape[0]);
      add("- tokens_to_grid: {columns: 2}\n- grid_to_graph", Domain::kTokens, 2 * shape[0], 2);
      break;
    case Domain::kVector:
      add("- pool: mean", Domain::kTokens, 4);
  }
  return all;
}

class PaddedBlock : public testing::TestWithParam<BlockTrial> {};

TEST_P(PaddedBlock, RealPlacesDoNotHearPadding) {
  for (const Layout& l : layouts_of(GetParam().sample))
    for (const bool training : {true, false}) {
      Verdict verdict{};
      EXPECT_EQ(heard(l, training, verdict), "") << l.yaml << (training ? "" : ", evaluated");
    }
}

std::string name_of_use(const testing::TestParamInfo<BlockTrial>& info) {
  return str(info.param.block->name, "_", info.index);
}

INSTANTIATE_TEST_SUITE_P(Blocks, PaddedBlock, testing::ValuesIn(block_trials()), name_of_use);

// Blocks in a row, drawn from all samples, with what leads from one domain to the next.
class Hybrid {
 public:
  explicit Hybrid(uint64_t seed) : random_(seed) {
    const int64_t wanted = 2 + random_.below(3);
    for (int tries = 0; blocks_ < wanted && tries < 20; ++tries) add(any_sample());
  }

  Layout layout() const { return {yaml_, input(), kUnit}; }

 private:
  static constexpr int64_t kPlaces = 12, kWidth = 4, kUnit = 6;

  static PaddedInput input() { return padded_input(Domain::kTokens, kPlaces, kWidth, 5); }

  BlockSample any_sample() {
    static const std::vector<BlockTrial> all = block_trials();
    return all[size_t(random_.below(uint32_t(all.size())))].sample;
  }

  std::string way_to(Domain to) {
    std::string way;
    if (domain_ == to) return way;
    if (domain_ == Domain::kGraph) way += "- graph_to_tokens\n";
    if (domain_ == Domain::kGrid)
      way += to == Domain::kGraph ? "- grid_to_graph\n" : "- grid_to_tokens\n";
    if (domain_ != Domain::kGrid && to == Domain::kGraph)
      way += str("- tokens_to_graph: {neighbours: window, window: ", 1 + random_.below(3), "}\n");
    if (to == Domain::kGrid)
      way += str("- tokens_to_grid: {columns: ", 2 + random_.below(2), "}\n");
    return way;
  }

  void add(const BlockSample& s) {
    if (s.domain == Domain::kIds || domain_ == Domain::kVector) return;
    if (s.domain == Domain::kVector) return;
    const std::string yaml =
        str(yaml_, way_to(s.domain), "- linear: ", s.shape.last(), "\n- ", s.yaml, "\n");
    try {
      const PaddedCase fits(yaml, input(), false, false);
      yaml_ = yaml;
      domain_ = fits.domain();
      ++blocks_;
    } catch (const UserErrors&) {
    }
  }

  Random random_;
  std::string yaml_;
  Domain domain_ = Domain::kTokens;
  int64_t blocks_ = 0;
};

TEST(PaddedHybrid, RealPlacesDoNotHearPadding) {
  constexpr uint64_t kHybrids = 150;
  int deaf = 0;
  for (uint64_t seed = 1; seed <= kHybrids; ++seed) {
    const Layout l = Hybrid(seed).layout();
    Verdict verdict{};
    EXPECT_EQ(heard(l, seed % 2 == 0, verdict), "") << l.yaml;
    deaf += verdict == Verdict::kDeaf;
  }
  EXPECT_GT(deaf, int(kHybrids) / 2);
}

// The numbers of pool: kind on x [2,3,2], of which the second example has one real token.
std::vector<double> pooled(const std::string& kind, const std::vector<double>& mask) {
  Graph g(builtin_ops());
  const Vars vars;
  Builder b(g, vars, false);
  const Stream in = build_input(
      g, {Domain::kTokens, {{"x", {DType::kF32, {2, 3, 2}}}, {"mask", {DType::kF32, {2, 3}}}}});
  const Yaml model = parse_yaml("- pool: " + kind, "m.yaml");
  g.outputs = {{"y", port_of(build_model(b, model, nullptr, in).x)}};
  return interpret(g,
                   [&](const Node& n) -> Ref {
                     if (n.scope.path == "mask") return {mask};
                     if (n.role == Role::kParameter) return {{0, 0}};
                     return {{1, -2, 3, 4, 5, -5, -7, 8, 100, 100, -100, 100}};
                   })
      .outputs[0]
      .data;
}

using Numbers = std::vector<double>;

TEST(Padding, PoolingLeavesItOut) {
  const Numbers mask = {1, 1, 1, 1, 0, 0};
  EXPECT_EQ(pooled("mean", mask), (Numbers{3, -1, -7, 8}));
  EXPECT_EQ(pooled("max", mask), (Numbers{5, 4, -7, 8}));
  EXPECT_EQ(pooled("first", mask), (Numbers{1, -2, -7, 8}));
  EXPECT_EQ(pooled("last", mask), (Numbers{5, -5, -7, 8}));
}

TEST(Padding, NothingRealPoolsToZero) {
  for (const std::string kind : {"mean", "sum", "max", "attention", "first", "last"}) {
    const Numbers y = pooled(kind, {0, 0, 0, 1, 1, 0});
    EXPECT_EQ(y[0], 0) << kind;
    EXPECT_EQ(y[1], 0) << kind;
    EXPECT_NE(y[2], 0) << kind;
  }
}

TEST(Padding, ABlockThatDoesNotKnowItIsRefused) {
  const auto e = test::error_of<UserErrors>([] {
    const PaddedCase grown("- tokens_to_grid: {columns: 2}\n- upsample: 2",
                           padded_input(Domain::kTokens, 6, 4, 2), false);
  });
  EXPECT_EQ(std::string(e.all[0].what()),
            "upsample 'upsample': the data is padded, and which of the 72 places that leave here "
            "are real is not known");
  EXPECT_EQ(e.all[0].help, "pool before it, or use data without padding");
}

TEST(Padding, StreamsThatJoinAreRealWhereAllAre) {
  Graph g(builtin_ops());
  const Vars vars;
  Builder b(g, vars, false);
  const Stream short_one{.x = g.input("x", {DType::kF32, {1, 3, 1}}),
                         .mask = g.input("a", {DType::kF32, {1, 3}})};
  Stream other = short_one, whole = short_one;
  other.mask = g.input("b", {DType::kF32, {3}});
  whole.mask = {};
  const Stream both[] = {whole, short_one, other}, same[] = {short_one, short_one};
  EXPECT_EQ(joined_mask(b, same), short_one.mask);
  g.outputs = {{"mask", port_of(joined_mask(b, both))}};
  const Interpreted done = interpret(g, [](const Node& n) -> Ref {
    return {n.scope.path == "a" ? Numbers{1, 1, 0} : Numbers{1, 0, 0}};
  });
  EXPECT_EQ(done.outputs[0].data, (Numbers{1, 0, 0}));
}
}  // namespace
}  // namespace cambium::padding_test
