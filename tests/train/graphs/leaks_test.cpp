// A model that sees its answers is refused; one that was asked for by name says so; and so does a
// loss that no honest model can reach.
#include "train/graphs/leaks.h"

#include <algorithm>
#include <cmath>

#include "core/text/json.h"
#include "data/generated/markov.h"
#include "ops/ops.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"
#include "train/run/floor_watch.h"

namespace cambium::leaks_test {
namespace {
using test::error_of;
using test::open_text;
using test::Remember;
using test::TempFolder;

std::string model_of(const std::string& block, const std::string& train = "{steps: 2, batch: 8}") {
  return "data: {markov_text: {symbols: 4, order: 1, concentration: 1, context: 12, train: 64, "
         "val: 64, test: 64}}\n"
         "model:\n  - embed: 8\n  - " +
         block + "\n  - linear: $classes\ntrain: " + train + "\n";
}

std::string refusal(const std::string& block) {
  const TempFolder folder;
  return error_of<UserErrors>([&] { open_text(folder, model_of(block)); }).what();
}

TEST(Leaks, TheFirstBlockThatLooksAheadIsNamed) {
  const std::string ahead = "and token 2 is the answer it is asked for there";
  for (const auto& [block, path] : std::vector<std::pair<std::string, std::string>>{
           {"[{linear: 8}, {attention: 2}, {attention: {heads: 2, causal: true}}]", "attention'"},
           {"{residual: [{norm: instance}]}", "residual.norm'"},
           {"{parallel: [[], {squeeze_excite: 0.5}]}", "squeeze_excite'"},
           {"[{min_gru: 1}, {transpose: [{linear: $tokens}]}]", "transpose'"},
           {"[{linear: 8}, reverse, {min_gru: 1}, reverse]", "reverse'"},
           {"{bidirectional: [{min_gru: 1}]}", "bidirectional'"},
           {"{mamba: {state: 2, bidirectional: true}}", "mamba'"},
           {"[{latents: 2}, {attention: 2}, drop_latents]", "drop_latents'"}}) {
    const std::string text = refusal(block);
    EXPECT_NE(text.find(path), text.npos) << text;
    EXPECT_NE(text.find(ahead), text.npos) << text;
  }
}

// Too many places and channels to follow each: what is joined is channels.
TEST(Leaks, LargeHonestModelsAreNotRefused) {
  const TempFolder folder;
  for (const auto& [context, dim, block] : std::vector<std::tuple<int, int, std::string>>{
           {1100, 4, "{attention: {heads: 1, causal: true, position: xl}}"},
           {2048, 1200, "[{split: [[], [min_gru]]}, {shuffle: 2}]"}}) {
    const Experiment e =
        open_text(folder, str("data: {random_tokens: {vocab: 4, context: ", context,
                              ", train: 8, val: 2, test: 2}}\nmodel: [{embed: ", dim, "}, ", block,
                              ", {linear: $classes}]\ntrain: {steps: 1, batch: 1}\n"));
    EXPECT_FALSE(find_leak(e)) << block;
  }
}

TEST(Leaks, TheLineAndTheCureAreTheBlocksOwn) {
  const TempFolder folder;
  const auto e =
      error_of<UserErrors>([&] { open_text(folder, model_of("{lstm: {bidirectional: true}}")); });
  EXPECT_EQ(e.mark.line, 4);
  EXPECT_TRUE(e.help.starts_with("use bidirectional: false")) << e.help;
}

TEST(Leaks, LookingAheadIsFineWhereTheAnswersAreNotAmongTheInputs) {
  const TempFolder folder;
  const Experiment e = open_text(folder,
                                 "data: {random_tokens: {vocab: 4, context: 6, classes: 3}}\n"
                                 "model: [{embed: 8}, {attention: 2}, {pool: mean}, "
                                 "{linear: $classes}]\ntrain: {steps: 2, batch: 8}\n");
  EXPECT_FALSE(find_leak(e));
}

TEST(Leaks, TrainedTokensInFrontOfATextSayNothingOfIt) {
  const TempFolder folder;
  const Experiment e = open_text(
      folder, model_of("[{latents: 2}, {attention: {heads: 2, causal: true}}, drop_latents]"));
  EXPECT_FALSE(find_leak(e));
}

TEST(Leaks, ALongTextIsLookedThroughAtOnce) {
  const TempFolder folder;
  const std::string text =
      "data: {markov_text: {symbols: 4, order: 1, context: 8192}}\n"
      "model: [{embed: 4}, {repeat: 3, body: [{residual: [{attention: "
      "{heads: 2, causal: true, window: 64}}]}, {causal_conv: 3}, {mamba: "
      "4}]}, {linear: $classes}]\ntrain: {steps: 2, batch: 1}\n";
  EXPECT_FALSE(find_leak(open_text(folder, text)));
}

// No block of ours lets padding in, so this graph is written by hand: [2,8,4] of which the second
// half is padding, pooled with and without the mask.
std::optional<Leak> leak_of_mean(bool masked) {
  DataShape shape;
  shape.domain = Domain::kTokens;
  shape.x = {DType::kF32, {2, 8, 4}};
  shape.masked = true;
  Model model{Graph(builtin_ops()), {}, {}};
  Graph& g = model.graph;
  Value x = g.input("x", shape.x);
  const Value mask = g.input("mask", {DType::kF32, {2, 8, 1}});
  if (masked) x = g.emit("mul", {x, mask});
  const Args places = {{"axes", std::vector<int64_t>{1}}, {"keep", false}};
  const Value sum = g.emit("reduce_sum", {x}, places);
  g.outputs.push_back({"logits", {sum.node, sum.output}});
  return find_leak(model, shape);
}

TEST(Leaks, PaddingIsHeardWhereNoMaskLeavesItOut) {
  EXPECT_FALSE(leak_of_mean(true));
  const std::optional<Leak> leak = leak_of_mean(false);
  ASSERT_TRUE(leak);
  EXPECT_EQ(leak->kind, Leak::kPadding);
  EXPECT_NE(std::string(leak->error.what()).find("hears padding"), std::string::npos);
}

TEST(Leaks, AskedForByNameAModelTrainsAndIsMarked) {
  const TempFolder folder;
  const Experiment e =
      open_text(folder, model_of("{attention: 2}", "{steps: 2, batch: 8, allow_leaks: true}"));
  Remember seen;
  const RunResult r = run_training(e, {.folder = folder.path("run")}, seen);
  EXPECT_NE(r.sees_answers.find("attention 'attention'"), std::string::npos) << r.sees_answers;
  EXPECT_EQ(std::ranges::count(seen.notes, "this model sees its answers: " + r.sees_answers), 1);
  EXPECT_EQ(load_json(folder.path("run/run.json")).at("sees_answers"), r.sees_answers);
}

TEST(Leaks, AnHonestModelIsNotMarked) {
  const TempFolder folder;
  const Experiment e = open_text(folder, model_of("causal_conv: 2"));
  Remember seen;
  const RunResult r = run_training(e, {.folder = folder.path("run")}, seen);
  EXPECT_EQ(r.sees_answers, "");
  EXPECT_FALSE(load_json(folder.path("run/run.json")).contains("sees_answers"));
}

TEST(FloorWatch, ALossBelowTheEntropyRateTells) {
  const TempFolder folder;
  FloorWatch watch(open_text(folder, model_of("causal_conv: 2")));
  const double entropy = watch.references()[0].loss;
  EXPECT_FALSE(watch.observe({.loss = entropy, .scored = 700}));
  EXPECT_EQ(watch.why(), "");
  EXPECT_TRUE(watch.observe({.loss = 0.3 * entropy, .scored = 700}));
  EXPECT_FALSE(watch.observe({.loss = 0.3 * entropy, .scored = 700})) << "told already";
  EXPECT_NE(watch.sentence().find("is below the entropy rate of"), std::string::npos);
}

// The truest answers there are, in texts as short and as long as evaluations.
TEST(FloorWatch, LuckIsNotTakenForALeak) {
  int64_t tried = 0;
  for (const double concentration : {0.1, 1.0, 10.0})
    for (uint64_t seed = 1; seed <= 100; ++seed)
      for (const int64_t length : {60, 3000}) {
        const MarkovChain chain(5, 1, concentration, seed);
        const ReferenceLoss floor{"entropy rate", chain.entropy_rate(), true,
                                  chain.entropy_deviation()};
        std::vector<int32_t> text(static_cast<size_t>(length));
        Random random(seed, stream_of("text"));
        chain.sample(random, text);
        double loss = 0;
        for (size_t t = 1; t < text.size(); ++t)
          loss -= std::log(chain.row(text[t - 1])[size_t(text[t])]);
        EXPECT_FALSE(floor.undercut_by(loss / double(length - 1), length - 1))
            << concentration << " " << seed << " " << length;
        ++tried;
      }
  EXPECT_EQ(tried, 600);
}

TEST(FloorWatch, AReferenceThatIsNoFloorMayBeBeaten) {
  EXPECT_FALSE((ReferenceLoss{"5-gram", 2.0}.undercut_by(0.5, 100000)));
}
}  // namespace
}  // namespace cambium::leaks_test
