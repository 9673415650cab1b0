// Sharing: a block under `share` has one set of parameters, wherever it stands.
#include <gtest/gtest.h>

#include "tests/support/block_case.h"
#include "tests/support/expect_error.h"
#include "tests/support/yaml_edit.h"

namespace cambium::sharing_test {
namespace {
using test::scalar_yaml;

// The sample's block, once or twice on the same stream, and the sum of what the uses end in.
std::string model_of(const BlockSample& sample, bool twice) {
  const Yaml entry = test::as_map(parse_yaml(sample.yaml, "sample.yaml"));
  Yaml tap = test::as_map(scalar_yaml("tap"));
  tap.entries[0].value = scalar_yaml("start");
  std::vector<Yaml> list = {tap};
  std::string taps;
  for (const char* name : {"one", "two"}) {
    if (name == std::string_view("two") && !twice) break;
    Yaml use = entry;
    test::set_entry(use, "share", scalar_yaml("weights"));
    test::set_entry(use, "from", scalar_yaml("start"));
    test::set_entry(use, "as", scalar_yaml(name));
    list.push_back(use);
    taps += (taps.empty() ? "" : ", ") + std::string(name);
  }
  return to_yaml(test::list_of(list)) + str("- {from: [", taps, "], combine: sum}\n");
}

struct Gradients {
  size_t parameters = 0;
  std::map<std::string, std::vector<double>> of;
};

bool uses(const Graph& g, std::string_view op) {
  return std::ranges::any_of(g.nodes(), [&](const Node& n) { return n.op && n.op->name == op; });
}

// Of the sum of the output, by parameter, in evaluation; of batch norm, which has a gradient in
// training alone, there. None where dropout then draws for each place on its own.
Gradients gradients(const BlockSample& sample, bool twice) {
  const auto built = [&](bool training) {
    return BlockCase(model_of(sample, twice), sample.domain, sample.shape, {.training = training});
  };
  const bool statistics = uses(built(false).graph, "batch_norm_apply");
  BlockCase c = built(statistics);
  if (statistics && uses(c.graph, "dropout")) return {.parameters = c.parameters().size()};
  BlockCase::Data at = c.data(3);
  for (const Node& n : c.graph.nodes())  // states are each place's own: here the same
    if (n.role == Role::kState)
      std::ranges::fill(at[n.scope.path].data, n.scope.path.ends_with("running_var") ? 1.0 : 0.0);
  const std::vector<Value> wrt = c.parameters();
  const std::vector<Value> found = grad(c.graph.emit("reduce_sum", {c.out.x}), wrt);
  c.graph.outputs.clear();
  for (size_t i = 0; i < wrt.size(); ++i)
    if (found[i])
      c.graph.outputs.push_back({c.graph.node(wrt[i].node).scope.path, port_of(found[i])});
  const Interpreted d = interpret(c.graph, [&](const Node& n) { return at.at(n.scope.path); });
  Gradients out{.parameters = wrt.size()};
  for (size_t i = 0; i < d.outputs.size(); ++i) out.of[c.graph.outputs[i].name] = d.outputs[i].data;
  return out;
}

// A tap inside the block would be set in two places.
bool has_parameters(const BlockTrial& t) {
  if (t.sample.yaml.find("tap") != t.sample.yaml.npos) return false;
  return !BlockCase("- " + t.sample.yaml, t.sample.domain, t.sample.shape).parameters().empty();
}

std::vector<BlockTrial> trials_with_parameters() {
  std::vector<BlockTrial> out;
  for (const BlockTrial& t : block_trials())
    if (has_parameters(t)) out.push_back(t);
  return out;
}

class SharedBlock : public testing::TestWithParam<BlockTrial> {};

TEST_P(SharedBlock, HasOneSetOfParametersWhoseGradientsAddUp) {
  const Gradients once = gradients(GetParam().sample, false);
  const Gradients twice = gradients(GetParam().sample, true);
  EXPECT_EQ(twice.parameters, once.parameters);
  ASSERT_EQ(twice.of.size(), once.of.size());
  for (const auto& [name, g] : once.of) {
    const std::vector<double>& sum = twice.of.at(name);
    for (size_t i = 0; i < g.size(); ++i)
      EXPECT_NEAR(sum[i], 2 * g[i], 1e-9 * std::max(1.0, std::abs(g[i]))) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Blocks, SharedBlock, testing::ValuesIn(trials_with_parameters()),
                         [](const testing::TestParamInfo<BlockTrial>& info) {
                           return str(info.param.block->name, "_", info.index);
                         });

std::string refusal(const std::string& yaml) {
  return test::text_of(test::error_of([&] { BlockCase(yaml, Domain::kTokens, {2, 3, 4}); }));
}

TEST(Sharing, NeedsTheSameBlockInBothPlaces) {
  EXPECT_EQ(
      refusal("- {linear: 4, share: w}\n- {ffn: 2, share: w}\n"),
      "2:19: ffn 'ffn': share 'w': the parameter 'bias' is used where the name was first used "
      "but not here");
}

TEST(Sharing, NeedsAsManyCopiesInBothPlaces) {
  EXPECT_EQ(
      refusal("- {repeat: 2, body: [{linear: 4}], share: w}\n"
              "- {repeat: 3, body: [{linear: 4}], share: w}\n"),
      "2:43: repeat 'repeat_2': share 'w': the parameter '2.linear.bias' is used here but not "
      "where the name was first used");
}

TEST(Sharing, NeedsParameters) {
  EXPECT_EQ(refusal("- {dropout: 0.1, share: w}\n"),
            "1:25: dropout 'dropout': share 'w': it has no parameters");
}
}  // namespace
}  // namespace cambium::sharing_test
