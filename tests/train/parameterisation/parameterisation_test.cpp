#include "train/parameterisation/support/parameterisation.h"

#include <cmath>

#include "tests/support/tiny_experiment.h"
#include "train/graphs/step_graph.h"
#include "train/run/session.h"

namespace cambium::parameterisation_test {
namespace {
using test::open_text;
using test::TempFolder;

constexpr const char* kData =
    "data: {markov_text: {symbols: 6, order: 1, context: 12, train: 64, val: 16, test: 16}}\n";

std::string transformer(int64_t dim, int64_t depth, const std::string& rule,
                        const std::string& train = "{batch: 8, steps: 4}") {
  return str("vars: {dim: ", dim, ", depth: ", depth, "}\n", kData,
             "model:\n"
             "  - embed: $dim\n"
             "  - repeat: $depth\n"
             "    body:\n"
             "      - residual: [{norm: rms}, {attention: {heads: 2, causal: true}}]\n"
             "      - residual: [{norm: rms}, {ffn: 2}]\n"
             "  - linear: $classes\n",
             rule.empty() ? "" : str("parameterisation: ", rule, "\n"), "train: ", train, "\n");
}

constexpr const char* kMup = "{mup: {base: {vars.dim: 8, vars.depth: 2}}}";
constexpr const char* kCompleteP = "{completep: {base: {vars.dim: 8, vars.depth: 2}}}";

// Entry i of "key=[a,b,c]" in the text of attributes.
double entry(const std::string& attrs, const std::string& key, size_t i) {
  size_t at = attrs.find(key + "=[") + key.size() + 2;
  for (; i > 0; --i) at = attrs.find(',', at) + 1;
  return std::stod(attrs.substr(at));
}

double number(const std::string& attrs, const std::string& key) {
  return std::stod(attrs.substr(attrs.find(key + "=") + key.size() + 1));
}

struct Rule {
  double start, forward, rate, decay, eps;
};

// What the graph of a step does with a parameter.
Rule rule_of(const Graph& g, const std::string& name) {
  Rule r{.forward = 1, .rate = -1, .decay = -1, .eps = -1};
  const int id = g.find(Role::kParameter, name).value();
  r.start = g.node(id).parameter.init.scale;
  for (const Node& n : g.nodes()) {
    if (n.kind() == "scale" && n.inputs[0].node == id) r.forward = number(n.attrs.text(), "a");
    for (size_t i = 0; n.kind() == "adam_update" && i < (n.inputs.size() - 3) / 4; ++i)
      if (n.inputs[3 + i].node == id)
        r = {r.start, r.forward, entry(n.attrs.text(), "lr_scale", i),
             entry(n.attrs.text(), "weight_decay", i), number(n.attrs.text(), "eps")};
  }
  return r;
}

void expect_rule(const Graph& g, const std::string& name, const Rule& wanted) {
  const Rule r = rule_of(g, name);
  EXPECT_NEAR(r.start, wanted.start, 1e-12) << name;
  EXPECT_DOUBLE_EQ(r.forward, wanted.forward) << name;
  EXPECT_DOUBLE_EQ(r.rate, wanted.rate) << name;
  EXPECT_DOUBLE_EQ(r.decay, wanted.decay) << name;
  EXPECT_NEAR(r.eps, wanted.eps, 1e-20) << name;
}

constexpr const char* kTrain =
    "{batch: 8, steps: 4, optimizer: {adamw: {weight_decay: 0.5, eps: 1e-6}}}";

// Width 8 -> 32. Starts at base: embeddings .02, linear layers 1 / sqrt(fan in) = 1 / sqrt(8), the
// second of the ffn 1 / sqrt(16).
TEST(Mup, EveryWeightHasItsRule) {
  const TempFolder folder;
  const Experiment e = open_text(folder, transformer(32, 2, kMup, kTrain));
  const Graph& g = step_of(e).training;
  const double s8 = 1 / std::sqrt(8.0);
  const std::string body = "repeat.1.";
  expect_rule(g, "embed.table", {0.02, 1, 1, 0.5, 1e-6});
  expect_rule(g, body + "residual.norm.gamma", {1, 1, 1, 0, 1e-6});
  for (const char* name : {"q", "k", "v", "o"}) {
    expect_rule(g, body + "residual.attention." + name + ".weight", {s8 / 2, 1, 0.25, 2, 1e-6});
    expect_rule(g, body + "residual.attention." + name + ".bias", {s8, 1, 1, 0, 1e-6});
  }
  expect_rule(g, body + "residual_2.ffn.up.weight", {s8 / 2, 1, 0.25, 2, 1e-6});
  expect_rule(g, body + "residual_2.ffn.down.weight", {0.25 / 2, 1, 0.25, 2, 1e-6});
  expect_rule(g, "linear.weight", {s8, 0.25, 1, 0.5, 1e-6});
  expect_rule(g, "linear.bias", {s8, 1, 1, 0, 1e-6});
}

// Depth 2 -> 8 besides: only branches hear of it.
TEST(CompleteP, EveryWeightHasItsRule) {
  const TempFolder folder;
  const Experiment e = open_text(folder, transformer(32, 8, kCompleteP, kTrain));
  const Graph& g = step_of(e).training;
  const double s8 = 1 / std::sqrt(8.0);
  expect_rule(g, "embed.table", {0.02, 1, 1, 0.5, 1e-6 / 4});
  for (const char* copy : {"repeat.0.", "repeat.7."}) {
    const std::string body = copy;
    expect_rule(g, body + "residual.norm.gamma", {1, 1, 1, 0, 1e-6 / 16});
    expect_rule(g, body + "residual.attention.q.weight", {s8 / 2, 1, 0.25, 2, 1e-6 / 16});
    expect_rule(g, body + "residual_2.ffn.down.weight", {0.25 / 2, 1, 0.25, 2, 1e-6 / 16});
    expect_rule(g, body + "residual_2.ffn.down.bias", {0.25, 1, 1, 0, 1e-6 / 16});
  }
  expect_rule(g, "linear.weight", {s8, 0.25, 1, 0.5, 1e-6 / 4});
  int branches = 0;
  for (const Node& n : g.nodes())
    if (n.kind() == "scale" && n.scope.phase == Phase::kForward &&
        n.scope.path.ends_with("residual"))
      branches += number(n.attrs.text(), "a") == 0.25;
    else if (n.kind() == "scale" && n.scope.phase == Phase::kForward &&
             n.scope.path.ends_with("residual_2"))
      branches += number(n.attrs.text(), "a") == 0.25;
  EXPECT_EQ(branches, 16);
}

// The factor of SGD's rate, and of its penalty, by hand for width 8 -> 32.
TEST(Mup, GradientDescentHasItsRates) {
  const WeightGrowth matrix{.fan_in = 4, .fan_out = 4, .in_differs = true, .out_differs = true};
  const WeightGrowth up{.fan_in = 4, .fan_out = 2, .in_differs = true, .out_differs = true};
  const WeightGrowth vector{.fan_out = 4, .out_differs = true}, gain{.copies = 4};
  const WeightGrowth readout{.fan_in = 4, .in_differs = true};
  const auto steps = [](const WeightGrowth& g) {
    for (const Parameterisation* p : builtin_parameterisations())
      if (p->name == "mup") return p->steps(StepKind::kGradient, g);
    return StepFactors{};
  };
  using Pair = std::pair<double, double>;
  const auto both = [&](const WeightGrowth& g) { return Pair(steps(g).rate, steps(g).decay); };
  EXPECT_EQ(both(matrix), Pair(1, 1));
  EXPECT_EQ(both(up), Pair(0.5, 2));
  EXPECT_EQ(both(vector), Pair(4, 0.25));
  EXPECT_EQ(both(gain), Pair(4, 0.25));
  EXPECT_EQ(both(readout), Pair(4, 0.25));
  EXPECT_EQ(both({}), Pair(1, 1));
}

double attention_scale(const Experiment& e) {
  for (const Node& n : step_of(e).training.nodes())
    if (n.kind() == "attention") return number(n.attrs.text(), "scale");
  return -1;
}

// Heads are 4 wide at base and 16 here: 1 / sqrt(4) becomes 1 / sqrt(4) * 4 / 16.
TEST(Mup, AttentionDividesByTheWidthOfAHead) {
  const TempFolder folder;
  EXPECT_EQ(attention_scale(open_text(folder, transformer(32, 2, ""))), 0);  // 1 / sqrt(D)
  EXPECT_EQ(attention_scale(open_text(folder, transformer(8, 2, kMup))), 0);
  EXPECT_DOUBLE_EQ(attention_scale(open_text(folder, transformer(32, 2, kMup))), 0.125);
}

std::map<std::string, std::vector<std::byte>> trained(const std::string& text) {
  const TempFolder folder;
  const Experiment e = open_text(folder, text);
  Session session(e, usable_memory_bytes());
  session.start(0);
  for (int64_t step = 1; step <= 4; ++step) session.step(step);
  std::map<std::string, std::vector<std::byte>> out;
  for (const auto& [name, t] : session.tensors()) {
    const std::span<const std::byte> bytes = t->raw();
    out[name].assign(bytes.begin(), bytes.end());
  }
  return out;
}

TEST(Parameterisation, AtBaseTheRunIsTheStandardRunBitForBit) {
  const char* const kSgd = "{batch: 8, steps: 4, optimizer: {sgd: {momentum: 0.9}}}";
  const auto adam = trained(transformer(8, 2, "", kTrain)),
             sgd = trained(transformer(8, 2, "", kSgd));
  EXPECT_EQ(trained(transformer(8, 2, "standard", kTrain)), adam);
  EXPECT_EQ(trained(transformer(8, 2, kMup, kTrain)), adam);
  EXPECT_EQ(trained(transformer(8, 2, kCompleteP, kTrain)), adam);
  EXPECT_EQ(trained(transformer(8, 2, kMup, kSgd)), sgd);
  EXPECT_NE(trained(transformer(16, 2, kMup, kTrain)), trained(transformer(16, 2, "", kTrain)));
}

// As --set and the `set:` of a study say it.
TEST(Parameterisation, CanBeSetFromOutside) {
  const TempFolder folder;
  const Experiment e =
      open_text(folder, transformer(32, 2, ""), {"parameterisation={mup: {base: {vars.dim: 8}}}"});
  EXPECT_DOUBLE_EQ(rule_of(step_of(e).training, "linear.weight").forward, 0.25);
}

// What base does not name is as in the model: its depth, and starts that depend on it.
TEST(Parameterisation, BaseKeepsWhatItDoesNotName) {
  const TempFolder folder;
  const Experiment e = open_text(folder, transformer(16, 5, "{mup: {base: {vars.dim: 8}}}"));
  EXPECT_DOUBLE_EQ(rule_of(step_of(e).training, "repeat.4.residual_2.ffn.up.weight").rate, 0.5);
}

std::string errors_of(const std::string& text) {
  const TempFolder folder;
  try {
    open_text(folder, text);
  } catch (const UserErrors& e) {
    std::string out;
    for (const UserError& error : e.all)
      out += str(out.empty() ? "" : "\n", error.mark.line, ": ", error.what(), "; ", error.help);
    return out;
  } catch (const UserError& e) {
    return str(e.mark.line, ": ", e.what(), "; ", e.help);
  }
  return "no error";
}

TEST(Parameterisation, WhatItSaysIsChecked) {
  const auto of = [](const std::string& rule) { return errors_of(transformer(8, 2, rule)); };
  EXPECT_EQ(of("mpu"), "10: unknown parameterisation 'mpu'; did you mean 'mup'?");
  EXPECT_EQ(of("mup"),
            "10: 'mup' needs `base`: the sizes that its settings are of; write parameterisation: "
            "{mup: {base: {vars.dim: 64}}}");
  EXPECT_EQ(of("{mup: {bsae: {vars.dim: 8}, base: {vars.dim: 8}}}"),
            "10: 'mup' has no option 'bsae'; did you mean 'base'?");
  EXPECT_EQ(of("{mup: {base: {vars.dmi: 8}}}"),
            "10: base: the spec has no variable 'dmi'; did you mean 'vars.dim'?");
  EXPECT_EQ(
      of("{mup: {base: {train.batch: 8}}}"),
      "10: base: 'train.batch' is no size of the model; name a variable, such as vars.dim, or "
      "a path in the model");
  EXPECT_EQ(of("{mup: {base: {vars.dim: [8]}}}"),
            "10: base: 'vars.dim' takes one value; write parameterisation: {mup: {base: {vars.dim: "
            "64}}}");
  EXPECT_EQ(of("{standard: {base: {vars.dim: 8}}}"),
            "10: 'standard' has no options, got 'base'; write parameterisation: standard");
  EXPECT_EQ(of("[mup]"),
            "10: 'parameterisation' takes one name, or one name with its options; write "
            "parameterisation: name or parameterisation: {name: {option: value}}");
}

TEST(Parameterisation, ABaseThatCannotBeBuiltSaysSo) {
  const TempFolder folder;
  try {
    open_text(folder, transformer(8, 2, "{mup: {base: {vars.dim: 5}}}"));
    FAIL() << "no error";
  } catch (const UserErrors& e) {
    EXPECT_EQ(std::string(e.what()),
              "attention 'repeat.0.residual.attention': heads = 2 does not "
              "divide C = 5");
    ASSERT_FALSE(e.all[0].notes.empty());
    EXPECT_EQ(e.all[0].notes.back().text, "in the model at the base sizes of");
    EXPECT_EQ(e.all[0].notes.back().mark.line, 10);
  }
}

TEST(Parameterisation, OptimizersWithoutRulesAreRefused) {
  const auto of = [](const std::string& optimizer, const char* rule, const std::string& more = "") {
    return errors_of(
        transformer(8, 2, rule, str("{batch: 8, steps: 4, optimizer: ", optimizer, more, "}")));
  };
  EXPECT_EQ(of("lion", kMup),
            "11: no rule of mup is known for optimizer 'lion'; use optimizer: adam, adamw or sgd");
  EXPECT_EQ(of("sgd", kCompleteP),
            "11: no rule of completep is known for optimizer 'sgd'; use optimizer: adam or adamw");
  const std::string penalty =
      "11: no rule of mup is known for a penalty in the gradient that adam divides by its size; "
      "use "
      "optimizer: adamw, whose decay stands apart";
  EXPECT_EQ(of("{adam: {weight_decay: 0.1}}", kMup), penalty);
  EXPECT_EQ(of("adam", kMup, ", groups: [{match: \"*.weight\", weight_decay: 0.1}]"), penalty);
  EXPECT_EQ(of("adam", kMup), "no error");
}

std::string with_block(const std::string& block, int64_t dim, int64_t depth, const char* rule) {
  return str("vars: {dim: ", dim, ", depth: ", depth, "}\n", kData,
             "model:\n  - embed: $dim\n  - repeat: $depth\n    body:\n      - ", block,
             "\n  - linear: $classes\nparameterisation: ", rule, "\ntrain: {batch: 8, steps: 2}\n");
}

TEST(Parameterisation, BlocksWithoutRulesAreRefused) {
  for (const Block* b : builtin_blocks()) {
    const bool without = b->name == "mamba" || b->name == "mamba2" || b->name == "s4d" ||
                         b->name == "hyena" || b->name == "rwkv" || b->name == "retention" ||
                         b->name == "onnx";
    EXPECT_EQ(!b->no_width_rule.empty(), without) << b->name;
  }
  EXPECT_EQ(errors_of(with_block("mamba:", 8, 2, kMup)),
            "7: mamba 'repeat.0.mamba': no rule of mup is known for it: Vankadara et al. 2024 "
            "(NeurIPS) show that those of other layers fail for state-space models; use another "
            "block, or parameterisation: standard");
  EXPECT_EQ(
      errors_of(with_block("delta_net: 2", 16, 2, kMup)),
      "7: delta_net 'repeat.0.delta_net': no rule of mup is known for heads of another width: "
      "8 here, 4 at the base sizes; let their number grow: heads: 4");
  EXPECT_EQ(errors_of(with_block("delta_net: \"${dim / 4}\"", 16, 2, kMup)), "no error");
}

TEST(CompleteP, LayersWithoutAShortcutAreRefused) {
  EXPECT_EQ(
      errors_of(with_block("linear: $dim", 8, 4, kCompleteP)),
      "7: linear 'repeat.0.linear': no rule of completep is known for repeated layers whose "
      "result is not added to a shortcut, and there are 2 times as many as at the base sizes; "
      "put them into - residual: [...], with its norm before the branch");
  EXPECT_NE(
      errors_of(with_block("{residual: [{ffn: 2}], norm: layer, place: post}", 8, 4, kCompleteP)),
      "no error");
  EXPECT_EQ(errors_of(with_block("{residual: [{ffn: 2}], norm: layer}", 8, 4, kCompleteP)),
            "no error");
  EXPECT_EQ(errors_of(with_block("linear: $dim", 16, 2, kCompleteP)), "no error");
}

// A base with other layers than the model has nothing to count from.
TEST(Parameterisation, BaseMustHaveTheSameLayers) {
  const std::string text =
      str("vars: {letter: B, dim: 8}\n", kData,
          "model:\n  - embed: $dim\n  - repeat: {pattern: $letter, A: {linear: $dim}, B: {ffn: "
          "2}}\n  - linear: $classes\nparameterisation: {mup: {base: {vars.letter: A}}}\ntrain: "
          "{batch: 8, steps: 2}\n");
  EXPECT_EQ(errors_of(text),
            "5: ffn 'repeat.0.ffn': 'repeat.0.ffn.up.weight' is no weight of the model at the base "
            "sizes of mup, or has several shapes there; let `base` change widths, and counts of "
            "equal layers, alone");
}
}  // namespace
}  // namespace cambium::parameterisation_test
