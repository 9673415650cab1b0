// `train.layer_decay`: which layers there are, how far from the output, and what their rates are.
#include "train/thaw/layer_decay.h"

#include <cstring>
#include <limits>

#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"
#include "train/run/session.h"

namespace cambium::layer_decay_test {
namespace {
const char* const kText =
    "data: {markov_text: {symbols: 6, order: 1, context: 12, train: 64, val: 16, test: 16}}\n";

Experiment open(const test::TempFolder& folder, const std::string& model,
                const std::string& more = "", const std::string& data = kText,
                const std::string& first = "") {
  return test::open_text(
      folder,
      str(first, data, model, "train: {batch: 8, steps: 2, layer_decay: ", "0.5", more, "}\n"));
}

// "number: blocks at scale" of each layer.
std::vector<std::string> texts(const Experiment& e) {
  std::vector<std::string> out;
  for (const Layer& layer : layers_of(e)) {
    std::string text = str(layer.number, ":");
    for (const std::string& b : layer.blocks) text += str(" ", b);
    out.push_back(str(text, " at ", layer.lr_scale));
  }
  return out;
}

TEST(LayerDecay, CountsEachCopyOfARepeat) {
  const test::TempFolder folder;
  const Experiment e =
      open(folder,
           "model:\n  - embed: 8\n  - repeat: 3\n    body: [{residual: [{norm: "
           "rms}, {ffn: 2}]}, {residual: [{ffn: 2}]}]\n  - activation: relu\n  - linear: "
           "$classes\n");
  EXPECT_EQ(texts(e), (std::vector<std::string>{"1: embed at 0.0625", "2: repeat.0 at 0.125",
                                                "3: repeat.1 at 0.25", "4: repeat.2 at 0.5",
                                                "5: linear at 1"}));
}

TEST(LayerDecay, TakesTheLongestOfParallelBranches) {
  const test::TempFolder folder;
  const Experiment e = open(folder,
                            "model:\n  - embed: 8\n  - parallel: [[{ffn: 2}, {linear: 8}, {norm: "
                            "rms}], [{linear: 8}]]\n  - linear: $classes\n");
  EXPECT_EQ(texts(e),
            (std::vector<std::string>{"1: embed at 0.0625",
                                      "2: parallel.branch_1.ffn parallel.branch_2.linear at 0.125",
                                      "3: parallel.branch_1.linear at 0.25",
                                      "4: parallel.branch_1.norm at 0.5", "5: linear at 1"}));
}

TEST(LayerDecay, CountsTheEncoderBelowTheDecoder) {
  const test::TempFolder folder;
  const Experiment e =
      open(folder,
           "encoder:\n  - embed: 8\n  - repeat: 2\n    body: [{residual: [{attention: 2}]}]\n"
           "decoder:\n  - embed: 8\n  - repeat: 2\n    body: [{residual: [{attention: {heads: 2, "
           "causal: "
           "true}}]}, {residual: [{cross_attention: {heads: 2}}]}]\n  - linear: $classes\n",
           "", "data: {reverse: {seq2seq: true}}\n");
  EXPECT_EQ(texts(e),
            (std::vector<std::string>{"1: encoder.embed decoder.embed at 0.03125",
                                      "2: encoder.repeat.0 at 0.0625",
                                      "3: encoder.repeat.1 at 0.125", "4: decoder.repeat.0 at 0.25",
                                      "5: decoder.repeat.1 at 0.5", "6: decoder.linear at 1"}));
}

TEST(LayerDecay, CountsCopiesOfTheInnermostRepeat) {
  const test::TempFolder folder;
  const Experiment e = open(folder,
                            "model:\n  - embed: 8\n  - repeat: 2\n    body:\n      - repeat: 2\n"
                            "        body: [{ffn: 2}]\n  - linear: $classes\n");
  EXPECT_EQ(texts(e), (std::vector<std::string>{
                          "1: embed at 0.03125", "2: repeat.0.repeat.0 at 0.0625",
                          "3: repeat.0.repeat.1 at 0.125", "4: repeat.1.repeat.0 at 0.25",
                          "5: repeat.1.repeat.1 at 0.5", "6: linear at 1"}));
}

const char* const kThree = "model:\n  - embed: 8\n  - {ffn: 2}\n  - linear: $classes\n";

TEST(LayerDecay, StaysWhereItIsWhenPartsAreFrozen) {
  const test::TempFolder folder;
  const std::string model =
      "model:\n  - embed: 8\n  - residual: [{norm: batch}, {ffn: {expand: 2, dropout: 0.1}}]\n"
      "  - linear: $classes\n";
  EXPECT_EQ(texts(open(folder, model)),
            texts(open(folder, model, "", kText, "freeze: [residual]\n")));
}

// How far each parameter goes in one step of gradient descent, over what it goes without decay.
TEST(LayerDecay, MultipliesTheRateOfGroups) {
  const test::TempFolder folder;
  const test::OneThread one_thread;
  std::map<std::string, std::vector<float>> moved[2];
  for (const bool decays : {false, true}) {
    const Experiment e = test::open_text(
        folder,
        str("freeze: [ffn.down.bias]\n", kText, kThree,
            "train: {batch: 8, steps: 2, clip: 0, optimizer: {sgd: {lr: 0.5, momentum: 0}}",
            decays ? ", layer_decay: 0.5, groups: [{match: \"embed*\", lr_scale: 0.5}]" : "",
            "}\n"));
    Session session(e, std::numeric_limits<int64_t>::max() / 4);
    session.start(0);
    std::map<std::string, std::vector<float>> before;
    for (const auto& [name, t] : session.tensors())
      before[name].assign(t->f32().begin(), t->f32().end());
    session.step(1);
    for (const auto& [name, t] : session.tensors())
      for (size_t i = 0; i < before[name].size(); ++i)
        moved[decays][name].push_back(t->f32()[i] - before[name][i]);
  }
  const std::map<std::string, float> factors = {{"embed.table", 0.125F},
                                                {"ffn.up.weight", 0.5F},
                                                {"ffn.down.bias", 0.5F},
                                                {"linear.weight", 1.0F}};
  for (const auto& [name, factor] : factors) {
    double size = 0;
    for (size_t i = 0; i < moved[0].at(name).size(); ++i) {
      EXPECT_NEAR(moved[1].at(name)[i], factor * moved[0].at(name)[i], 1e-6) << name;
      size += std::abs(moved[0].at(name)[i]);
    }
    EXPECT_EQ(size > 0, name != "ffn.down.bias") << name;
  }
}

TEST(LayerDecay, IsAShareAboveZero) {
  const test::TempFolder folder;
  for (const char* bad : {"0", "1.5", "-1", "fast"})
    EXPECT_THROW(test::open_text(folder, str(kText, kThree, "train: {batch: 8, steps: 2, ",
                                             "layer_decay: ", bad, "}\n")),
                 UserErrors)
        << bad;
}
}  // namespace
}  // namespace cambium::layer_decay_test
