// An encoder and a decoder: training, generation with and without caches, mistakes.
#include <cmath>

#include "graph/cost.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"
#include "train/generate/generate.h"
#include "train/graphs/pipeline.h"
#include "train/graphs/step_graph.h"
#include "train/run/checkpoint.h"

namespace cambium::seq2seq_test {
namespace {
using test::open_text;
using test::Remember;
using test::TempFolder;

const std::string kData =
    "data: {reverse: {vocab: 7, tokens: 5, seq2seq: true, train: 2000, val: 100, test: 100}}\n";
const std::string kEncoder =
    "encoder:\n"
    "  - {embed: {dim: 24, std: 0.2}, share: tokens}\n"
    "  - positions: {kind: learned, std: 0.2}\n"
    "  - residual: [{norm: rms}, {attention: 2}]\n"
    "  - norm: rms\n";
const std::string kDecoder =
    "decoder:\n"
    "  - {embed: {dim: 24, std: 0.2}, share: tokens}\n"
    "  - positions: {kind: learned, std: 0.2}\n"
    "  - residual: [{norm: rms}, {attention: {heads: 2, causal: true, position: rope}}]\n"
    "  - residual: [{norm: rms}, {cross_attention: {heads: 2, kv_heads: 1, head_dim: 10, "
    "value_dim: 7, qk_norm: true}}]\n"
    "  - residual: [{norm: rms}, {ffn: 2}]\n"
    "  - linear: $classes\n";
const std::string kTrain =
    "train: {batch: 50, steps: 400, eval_every: 200, checkpoint_every: 90, "
    "optimizer: {adamw: {lr: 1e-2}}, schedule: {cosine: {warmup: 5%}}}\n";

class Seq2seq : public ::testing::Test {
 protected:
  Experiment open(const std::vector<std::string>& set = {}) const {
    return open_text(folder_, kData + kEncoder + kDecoder + kTrain, set);
  }

  std::vector<std::string> errors_of(const std::string& text) const {
    std::vector<std::string> out;
    for (const UserError& e : test::error_of<UserErrors>([&] { open_text(folder_, text); }).all)
      out.push_back(test::text_of(e) + "; " + e.help);
    return out;
  }

  const TempFolder folder_;
};

TEST_F(Seq2seq, LearnsAndWritesWhatItLearnt) {
  const Experiment e = open();
  Remember seen;
  const RunResult r = run_training(e, {.folder = folder_.path("run")}, seen);
  EXPECT_GT(r.test->accuracy, 0.97);
  const auto weights = load_weights(folder_.path("run"), true).tensors;
  for (const bool cache : {true, false}) {
    Generator g(e, weights, "run", cache);
    EXPECT_EQ(g.cached(), cache);
    std::string text;
    g.run("0 1 2 3 4", 200, {.temperature = 0}, [&](std::string_view s) {
      text += s;
      return true;
    });
    EXPECT_EQ(text, "4 3 2 1 0 ");
    EXPECT_EQ(g.beam("3 3 0 1 2", 200, 2, [] { return true; }), "2 1 0 3 3 ");
  }
}

// On untrained weights: the encoder is looked at in the same way, token after token.
TEST_F(Seq2seq, CachesGiveTheLogitsOfTheWholeDecoder) {
  const Experiment e = open({"train.steps=1"});
  Progress silent;
  run_training(e, {.folder = folder_.path("run")}, silent);
  const auto weights = load_weights(folder_.path("run"), false).tensors;
  Generator fast(e, weights, "run", true), slow(e, weights, "run", false);
  ASSERT_TRUE(fast.cached() && !slow.cached());
  for (const char* source : {"0 1 2 3 4", "4 4 1 0 2"}) {
    std::vector<int32_t> written = fast.start(source);
    EXPECT_EQ(written, slow.start(source));
    for (const int32_t next : {3, 0, 4, 1}) {
      const auto a = fast.logits_after(written), b = slow.logits_after(written);
      ASSERT_EQ(a.size(), b.size());
      for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 2e-5) << written.size();
      written.push_back(next);
    }
  }
}

TEST_F(Seq2seq, TheSourceCountsForWhatIsWritten) {
  const Experiment e = open({"train.steps=1"});
  Progress silent;
  run_training(e, {.folder = folder_.path("run")}, silent);
  Generator g(e, load_weights(folder_.path("run"), false).tensors, "run");
  const auto logits = [&](const char* source) {
    const std::vector<int32_t> written = g.start(source);
    const auto l = g.logits_after(written);
    return std::vector<float>(l.begin(), l.end());
  };
  EXPECT_EQ(logits("0 1 2 3 4"), logits("0 1 2 3 4"));
  EXPECT_NE(logits("0 1 2 3 4"), logits("0 1 2 3 3"));
}

TEST_F(Seq2seq, ResumesBitForBit) {
  const Experiment e = open({"train.steps=100"});
  Remember whole, parts;
  run_training(e, {.folder = folder_.path("a")}, whole);
  for (int session = 0; session < 3; ++session)
    run_training(e,
                 {.folder = folder_.path("b"),
                  .resume = true,
                  .stop = [left = 43]() mutable { return --left <= 0; }},
                 parts);
  EXPECT_EQ(parts.losses, whole.losses);
}

TEST_F(Seq2seq, SharesOneTable) {
  const Graph g = model_graph(open(), 2, true);
  int tables = 0;
  for (const Node& n : g.nodes())
    tables += n.role == Role::kParameter && n.scope.path.ends_with("table");
  EXPECT_EQ(tables, 1 + 2);  // of tokens, and of the places of either side
}

// Sources of 2 to 5 tokens.
class PaddedSeq2seq : public Seq2seq {
 protected:
  Experiment open(int64_t steps) const {
    std::string data = kData;
    data.replace(data.find("seq2seq: true"), 13, "seq2seq: true, least: 2");
    return open_text(folder_, data + kEncoder + kDecoder + kTrain, {str("train.steps=", steps)});
  }
};

TEST_F(PaddedSeq2seq, LearnsSourcesOfAnyLength) {
  const Experiment e = open(400);
  Remember seen;
  const RunResult r = run_training(e, {.folder = folder_.path("run")}, seen);
  EXPECT_GT(r.test->accuracy, 0.97);
  const auto weights = load_weights(folder_.path("run"), true).tensors;
  for (const bool cache : {true, false}) {
    Generator g(e, weights, "run", cache);
    EXPECT_EQ(g.cached(), cache);
    const auto answer = [&](const char* source, int64_t count) {
      std::string text;
      g.run(source, count, {.temperature = 0}, [&](std::string_view s) {
        text += s;
        return true;
      });
      return text;
    };
    EXPECT_EQ(answer("0 1 2 3 4", 5), "4 3 2 1 0 ");
    EXPECT_EQ(answer("2 4 1", 3), "1 4 2 ");
    EXPECT_EQ(answer("3 0", 2), "0 3 ");
  }
  Generator g(e, weights, "run");
  EXPECT_STREQ(test::error_of([&] { g.start("1 2 3 1 2 3"); }).what(),
               "the prompt has 6 symbols, the encoder reads at most 5");
}

// Neither the encoder's attention nor the decoder's sees it.
TEST_F(PaddedSeq2seq, WhatPadsTheSourceChangesNothing) {
  const Experiment e = open(1);
  Progress silent;
  run_training(e, {.folder = folder_.path("run")}, silent);
  Engine engine;
  const Plan plan = compile(optimised(e, model_graph(e, 4, false)), engine);
  Store store;
  store.add(plan, 0);
  restore(store, load_weights(folder_.path("run"), false).tensors, "run");
  Executor executor(plan, store);
  Batch batch = allocate_batch(e.data->shape(4));
  const std::vector<int64_t> examples = {0, 1, 2, 3};
  e.data->read(Split::kTest, examples, 0, batch);
  const auto logits = [&](int32_t padding) {
    int64_t padded = 0;
    for (int64_t i = 0; i < batch.x.shape().count(); ++i)
      if (batch.mask.f32()[size_t(i)] == 0) {
        batch.x.i32()[size_t(i)] = padding;
        ++padded;
      }
    EXPECT_GT(padded, 0);
    for (const auto& [name, value] : {std::pair{"x", &batch.x}, std::pair{"mask", &batch.mask},
                                      std::pair{"decoder", &batch.decoder}})
      executor.set_input(name, *value);
    executor.run();
    const auto bytes = executor.output("logits");
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  EXPECT_EQ(logits(6), logits(0));
}

TEST_F(PaddedSeq2seq, CachesGiveTheLogitsOfTheWholeDecoder) {
  const Experiment e = open(1);
  Progress silent;
  run_training(e, {.folder = folder_.path("run")}, silent);
  const auto weights = load_weights(folder_.path("run"), false).tensors;
  Generator fast(e, weights, "run", true), slow(e, weights, "run", false);
  ASSERT_TRUE(fast.cached() && !slow.cached());
  for (const char* source : {"0 1 2", "4 4 1 0 2", "3 1"}) {
    std::vector<int32_t> written = fast.start(source);
    slow.start(source);
    for (const int32_t next : {3, 0, 4, 1}) {
      const auto a = fast.logits_after(written), b = slow.logits_after(written);
      for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 2e-5) << written.size();
      written.push_back(next);
    }
  }
}

TEST_F(PaddedSeq2seq, RefusesLengthsThatDoNotFit) {
  const auto message = [&](const char* data) {
    return errors_of(str("data: {copy: {", data, "}}\n", kEncoder, kDecoder))[0];
  };
  EXPECT_NE(message("tokens: 4, seq2seq: true, least: 5").find("copy: least = 5 of tokens = 4"),
            std::string::npos);
  EXPECT_NE(message("least: 5").find("copy: only pairs of sequences differ in length"),
            std::string::npos);
}

TEST_F(Seq2seq, RefusesAPromptOfAnotherLength) {
  const Experiment e = open({"train.steps=1"});
  Progress silent;
  run_training(e, {.folder = folder_.path("run")}, silent);
  Generator g(e, load_weights(folder_.path("run"), false).tensors, "run");
  const auto error = test::error_of([&] { g.start("1 2 3"); });
  EXPECT_STREQ(error.what(), "the prompt has 3 symbols, the encoder reads 5");
}

TEST_F(Seq2seq, SaysWhatIsMissing) {
  EXPECT_EQ(errors_of(kData + kEncoder),
            std::vector<std::string>{
                "3:3: the spec has 'encoder' but no 'decoder' section; a decoder: writes from what "
                "the encoder has read; a network without one is called model:"});
  EXPECT_EQ(errors_of(kData + "model: [{embed: 4}, {linear: $classes}]\n")[0],
            "2:8: the data is pairs of sequences, and the spec has one model: 2000 train, 100 val, "
            "100 test pairs of sequences of 5 and 5 tokens, 7 symbols, generated; write encoder: "
            "for what is read and decoder: for what is written");
  EXPECT_NE(errors_of("data: parity\n" + kEncoder + kDecoder)[0].find(
                "the data has nothing for a decoder to write"),
            std::string::npos);
  std::string blind = kDecoder;
  blind.erase(blind.find("  - residual: [{norm: rms}, {cross"),
              blind.find("  - residual: [{norm: rms}, {ffn") -
                  blind.find("  - residual: [{norm: rms}, {cross"));
  EXPECT_EQ(errors_of(kData + kEncoder + blind)[0],
            "8:3: the decoder never looks at the encoder; put - cross_attention: {heads: 4} into "
            "its blocks");
}

TEST_F(Seq2seq, ChecksTapsAcrossBothParts) {
  std::string tapped = kDecoder, encoder = kEncoder;
  tapped.replace(tapped.find("{ffn: 2}"), 8, "{from: middle}");
  EXPECT_NE(errors_of(kData + kEncoder + tapped)[0].find("no tap 'middle' is set"),
            std::string::npos);
  encoder.replace(encoder.find("- norm: rms"), 11, "- {norm: rms, as: middle}");
  EXPECT_EQ(
      total_cost(model_graph(open_text(folder_, kData + encoder + tapped), 2, true)).parameters > 0,
      true);
}
}  // namespace
}  // namespace cambium::seq2seq_test
