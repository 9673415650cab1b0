#include "train/spec/groups.h"

#include "tests/support/tiny_experiment.h"
#include "train/graphs/step_graph.h"
#include "train/spec/glob.h"

namespace cambium::groups_test {
namespace {
using test::markov_spec;
using test::open_text;
using test::TempFolder;

TEST(Glob, StarsStandForAnything) {
  EXPECT_TRUE(glob_matches("*.norm*", "a.b.norm.gamma"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("a*b*c", "aXbbYbc"));
  EXPECT_TRUE(glob_matches("linear.weight", "linear.weight"));
  EXPECT_FALSE(glob_matches("linear", "linear.weight"));
  EXPECT_FALSE(glob_matches("a*b", "abc"));
  EXPECT_FALSE(glob_matches("", "a"));
}

// The only error of a spec with these groups: text, then help.
std::string error_of(const std::string& groups) {
  const TempFolder folder;
  try {
    open_text(folder, markov_spec("{batch: 8, steps: 2, groups: " + groups + "}"));
  } catch (const UserErrors& e) {
    return e.all.size() == 1 ? str(e.what(), "; ", e.help) : str(e.all.size(), " errors");
  }
  return "no error";
}

TEST(Groups, ThatMatchNothingAreMistakes) {
  EXPECT_EQ(error_of("[{match: \"*.nrom.*\"}]"),
            "no parameter is called '*.nrom.*'; did you mean 'norm'?");
  EXPECT_EQ(error_of("[{match: \"*xyzzy*\"}]"),
            "no parameter is called '*xyzzy*'; the model has embed.table, residual.norm.gamma, "
            "residual.norm.beta, residual.ffn.up.weight, residual.ffn.up.bias, "
            "residual.ffn.down.weight and 3 more; * stands for anything");
  EXPECT_EQ(error_of("[{match: \"*\"}, {match: \"embed*\", lr_scale: 2}]"),
            "'embed*' matches only parameters of earlier groups; the first group that matches "
            "counts: put the special ones first");
}

TEST(Groups, AreLists) {
  EXPECT_EQ(error_of("{match: a}"),
            "'groups' is a list of groups of parameters; write groups: [{match: \"*.norm*\", "
            "weight_decay: 0}]");
  EXPECT_EQ(error_of("[norm]"),
            "a group is a map; write - {match: \"*.norm*\", lr_scale: 0.1, "
            "weight_decay: 0}");
  EXPECT_EQ(error_of("[{lr_scale: 1}]"),
            "a group needs 'match'; write - {match: \"*.norm*\", lr_scale: 0.1}");
  EXPECT_EQ(error_of("[{match: \"*\", lr_sclae: 1}]"),
            "unknown key 'lr_sclae'; did you mean 'lr_scale'?");
  EXPECT_EQ(error_of("[{match: \"*\", lr_scale: -1}]"), "'lr_scale' must be at least 0, got -1; ");
}

// Entry i of "key=[a,b,c]" in the text of attributes.
double entry(const std::string& attrs, const std::string& key, size_t i) {
  size_t at = attrs.find(key + "=[") + key.size() + 2;
  for (; i > 0; --i) at = attrs.find(',', at) + 1;
  return std::stod(attrs.substr(at));
}

// weight_decay and lr_scale of a parameter in adamw's update node.
std::pair<double, double> settings(const Graph& g, std::string_view name) {
  for (const Node& n : g.nodes())
    for (size_t i = 0; n.kind() == "adam_update" && i < (n.inputs.size() - 3) / 4; ++i)
      if (g.node(n.inputs[3 + i].node).scope.path == name)
        return {entry(n.attrs.text(), "weight_decay", i), entry(n.attrs.text(), "lr_scale", i)};
  return {-1, -1};
}

TEST(Groups, TheFirstMatchSetsDecayAndRate) {
  const TempFolder folder;
  const Experiment e = open_text(
      folder, markov_spec("{batch: 8, steps: 2, optimizer: {adamw: {weight_decay: 0.5}}, groups: ["
                          "{match: \"*.gamma\", weight_decay: 0.25}, {match: \"*norm*\","
                          " lr_scale: 0.125}]}"));
  const Graph& g = step_of(e).training;
  using Pair = std::pair<double, double>;
  EXPECT_EQ(settings(g, "residual.norm.gamma"), Pair(0.25, 1));
  EXPECT_EQ(settings(g, "residual.norm.beta"), Pair(0, 0.125));
  EXPECT_EQ(settings(g, "linear.weight"), Pair(0.5, 1));
  EXPECT_EQ(settings(g, "linear.bias"), Pair(0, 1));
}
}  // namespace
}  // namespace cambium::groups_test
