// A step and an evaluation do not depend on how the batch is cut: batch x accumulate of 24 x 1,
// 6 x 4, 5 x 5 ... give the same weights, losses and metrics, to the rounding of f32. Over all
// datasets, losses and options that shape the loss.
#include <cmath>

#include "tests/support/data/small_data.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"
#include "train/run/session.h"

namespace cambium::test::batch_cut_test {
namespace {
struct Outcome {
  double loss = 0, grad_norm = 0;
  int64_t examples = 0;
  Metrics before, after;  // of all validation data
  std::map<std::string, std::vector<float>> weights;
};

Outcome one_step(const Experiment& e) {
  Session session(e, usable_memory_bytes());
  session.start(0);
  Outcome out;
  out.before = session.evaluate_on(Split::kValidation, 0);
  const StepOutcome step = session.step(1);
  out.loss = step.loss;
  out.grad_norm = step.grad_norm;
  out.examples = step.examples;
  out.after = session.evaluate_on(Split::kValidation, 0);
  const Graph g = model_graph(e, 1, false);
  for (const auto& [name, t] : session.tensors())
    if (g.find(Role::kParameter, name)) out.weights[name] = {t->f32().begin(), t->f32().end()};
  return out;
}

void expect_near(double a, double b, double tolerance, const std::string& what) {
  EXPECT_NEAR(a, b, tolerance * (1 + std::abs(a))) << what;
}

void expect_equal(const Metrics& a, const Metrics& b, const std::string& what) {
  EXPECT_EQ(a.scored, b.scored) << what;
  const auto one = a.numbers(), other = b.numbers();
  for (size_t i = 0; i < one.size(); ++i)
    expect_near(one[i].second, other[i].second, 2e-5, str(what, " ", one[i].first));
}

void expect_equal(const Outcome& a, const Outcome& b, const std::string& what) {
  EXPECT_EQ(a.examples, b.examples) << what;
  expect_near(a.loss, b.loss, 2e-6, what + ": loss");
  expect_near(a.grad_norm, b.grad_norm, 2e-5, what + ": gradient norm");
  expect_equal(a.before, b.before, what + ": before,");
  expect_equal(a.after, b.after, what + ": after,");
  for (const auto& [name, values] : a.weights)
    for (size_t i = 0; i < values.size(); ++i)
      ASSERT_NEAR(values[i], b.weights.at(name)[i], 1e-5) << what << ": " << name << " " << i;
}

std::string weights_of(int64_t classes) {
  std::string out = "class_weights: [";
  for (int64_t c = 0; c < classes; ++c) out += str(c ? ", " : "", 1 + 3 * (c % 3));
  return out + "]";
}

// What a step may be asked for on data of this kind.
std::vector<std::string> options_for(const DataShape& shape) {
  switch (shape.target_kind()) {
    case TargetKind::kValues:
      return {"loss: mse", "loss: mae, clip: 0.1", "loss: {huber: {delta: 0.3}}"};
    case TargetKind::kSequences:
      return {"loss: ctc", "loss: {ctc: {per: example}}, clip_value: 0.01"};
    case TargetKind::kClasses:
      break;
  }
  return {"clip: 0.1", weights_of(shape.classes) + ", accuracy: macro",
          weights_of(shape.classes) + ", label_smoothing: 0.2, z_loss: 0.01, clip_value: 0.01"};
}

class EveryDatasetCut : public testing::TestWithParam<const DatasetKind*> {
 protected:
  std::string spec(const std::string& data, const DataShape& shape, const std::string& options) {
    return str("data: {", GetParam()->name, ": ", data, "}\n", small_model(shape),
               "train: {seed: 2, steps: 1, optimizer: {sgd: {lr: 0.5}}, ", options, "}\n");
  }

  TempFolder folder_;
  OneThread one_thread_;
};

TEST_P(EveryDatasetCut, MakesTheSameStepAndMetrics) {
  const std::string options = small_data(GetParam()->name, folder_);
  const std::shared_ptr<const Dataset> data =
      open_dataset(parse_yaml(str("{", GetParam()->name, ": ", options, "}"), "d.yaml"), {}, 0);
  const DataShape shape = data->shape(1);
  for (const std::string& asked : options_for(shape)) {
    replace_file(folder_.path("spec.yaml"), spec(options, shape, asked));
    const auto cut = [&](int batch, int accumulate) {
      const std::vector<std::string> set = {str("train.batch=", batch),
                                            str("train.accumulate=", accumulate)};
      return one_step(open_experiment(load_spec(folder_.path("spec.yaml"), set), data));
    };
    const Outcome whole = cut(24, 1);
    for (const auto& [batch, accumulate] : {std::pair{6, 4}, {1, 24}, {3, 8}})
      expect_equal(whole, cut(batch, accumulate), str(asked, ", ", batch, " x ", accumulate));
  }
}

INSTANTIATE_TEST_SUITE_P(Datasets, EveryDatasetCut,
                         testing::ValuesIn(builtin_datasets().begin(), builtin_datasets().end()),
                         [](const auto& info) { return std::string(info.param->name); });

class BatchCut : public testing::Test {
 protected:
  Experiment open(const std::string& text, int batch, int accumulate) {
    return open_text(folder_, text,
                     {str("train.batch=", batch), str("train.accumulate=", accumulate)});
  }

  TempFolder folder_;
  OneThread one_thread_;
};

// 64 rows, 8 of the rare class; where the weights cancel, the loss falls to 0.4674.
TEST_F(BatchCut, KeepsClassWeights) {
  std::string rows;
  for (int i = 0; i < 64; ++i) rows += str(i % 8 == 0 ? "1 good w" : "0 bad w", i % 5, "\n");
  replace_file(folder_.path("rows.txt"), rows);
  const std::string path = folder_.path("rows.txt");
  const std::string text =
      str("data: {labelled_text: {path: '", path, "', val: '", path, "', test: '", path,
          "', context: 4}}\n"
          "model: [{embed: {dim: 8, std: 1}}, {pool: mean}, {linear: $classes}]\n"
          "train: {optimizer: {sgd: {lr: 0.5}}, class_weights: [1, 7], steps: 1}\n");
  for (const auto& [batch, accumulate] : {std::pair{64, 1}, {8, 8}, {1, 64}})
    EXPECT_NEAR(one_step(open(text, batch, accumulate)).after.loss, 0.6929, 5e-5) << batch;
}

// 32 texts of one word and 32 of 40, of which 1 or 6 tokens are scored; where each batch counts
// alike, 1 x 64 reports 3.0978 and goes to 2.6887.
TEST_F(BatchCut, KeepsTheMeanOverRaggedTokens) {
  const std::string path = CAMBIUM_SOURCE_DIR "/tests/golden/ragged_texts.txt";
  std::string first = read_file(path);
  size_t end = 0;
  for (int line = 0; line < 8; ++line) end = first.find('\n', end) + 1;
  replace_file(folder_.path("val.txt"), first.substr(0, end));
  const std::string val = folder_.path("val.txt");
  const std::string text =
      str("data: {masked: {rate: 0.15, of: {labelled_text: {path: '", path, "', val: '", val,
          "', test: '", val,
          "', context: 40}}}}\n"
          "model:\n  - embed: {dim: 16, std: 1}\n  - positions: learned\n"
          "  - residual: [{norm: rms}, {attention: {heads: 2}}]\n  - linear: $classes\n"
          "train: {optimizer: {sgd: {lr: 0.5}}, steps: 1}\n");
  for (const auto& [batch, accumulate] : {std::pair{64, 1}, {8, 8}, {1, 64}}) {
    const Outcome o = one_step(open(text, batch, accumulate));
    EXPECT_NEAR(o.loss, 3.0677, 5e-5) << batch;
    EXPECT_NEAR(o.after.loss, 2.7741, 5e-5) << batch;
  }
}

// The balance of a mixture of experts is a product of means over the tokens of the whole update; on
// padded texts, too, whose batches have unequal numbers of tokens and of targets.
TEST_F(BatchCut, BalancesExpertsOverTheUpdate) {
  replace_file(folder_.path("rows.txt"), ragged_rows(90));
  const std::string texts = str("{masked: {rate: 0.3, of: {labelled_text: {path: '",
                                folder_.path("rows.txt"), "', context: 9, format: space}}}}");
  for (const std::string& data : {texts, str("{markov_text: {symbols: 6, context: 5}}")})
    for (const char* balance : {"0", "3"}) {
      const std::string text =
          str("data: ", data,
              "\nmodel:\n  - embed: {dim: 8, std: 1}\n"
              "  - repeat: 2\n    body: [{residual: [{norm: rms}, {moe: {experts: 4, top_k: 2, "
              "expand: 2, balance: ",
              balance,
              "}}]}]\n  - linear: $classes\n"
              "train: {seed: 3, steps: 1, optimizer: {sgd: {lr: 0.1}}}\n");
      const Outcome whole = one_step(open(text, 24, 1));
      for (const auto& [batch, accumulate] : {std::pair{6, 4}, {1, 24}})
        expect_equal(whole, one_step(open(text, batch, accumulate)),
                     str("balance ", balance, ", ", batch, " x ", accumulate));
    }
}

// The sums begin anew with each update.
TEST_F(BatchCut, KeepsARunOfBalancedExperts) {
  std::string text = markov_spec("{seed: 3, steps: 6, eval_every: 1, optimizer: {sgd: {lr: 0.5}}}");
  const size_t at = text.find("{ffn");
  text.replace(at, text.find("}}", at) + 2 - at, "{moe: {experts: 4, top_k: 1, balance: 1}}");
  Remember whole, parts;
  run_training(open(text, 16, 1), {}, whole);
  run_training(open(text, 4, 4), {}, parts);
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(whole.losses[i], parts.losses[i], 1e-5) << i;
}

// What the optimizers keep besides the weights follows, and so does a run of several epochs whose
// last examples fill no update.
TEST_F(BatchCut, KeepsARunOfEveryOptimizer) {
  for (const Optimizer* o : builtin_optimizers()) {
    if (o->curvature) continue;  // it looks at the first batch of a step
    std::string text = markov_spec(
        str("{optimizer: ", o->name,
            ", epochs: 3, seed: 3, eval_every: 1, ema: ", o->averages ? 0 : 0.5, ", clip: 0.5}"));
    text.replace(text.find(", dropout: 0.1"), 14, "");
    Remember whole, parts;
    const RunResult a = run_training(open(text, 24, 1), {}, whole);
    const RunResult b = run_training(open(text, 4, 6), {}, parts);
    ASSERT_EQ(whole.losses.size(), 6u) << o->name;  // 2 updates of 24 in each epoch of 64
    ASSERT_EQ(parts.losses.size(), 6u) << o->name;
    for (size_t i = 0; i < 6; ++i) {
      EXPECT_NEAR(whole.losses[i], parts.losses[i], 2e-4) << o->name << " " << i;
      EXPECT_NEAR(whole.evaluations[i].metrics.loss, parts.evaluations[i].metrics.loss, 2e-4)
          << o->name << " " << i;
    }
    EXPECT_EQ(a.state.examples, b.state.examples);
  }
}
}  // namespace
}  // namespace cambium::test::batch_cut_test
