// Training on sequences that no one aligned with the frames.
#include <cmath>

#include "core/text/json.h"
#include "ops/support/bf16.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"
#include "train/run/run_log.h"

namespace cambium::ctc_test {
namespace {
using test::open_text;
using test::Remember;
using test::TempFolder;

std::string symbols(const std::string& train, const std::string& data = "") {
  return "data: {stretched_symbols: {symbols: 4, length: 3, noise: 0.2, train: 512, val: 128, "
         "test: 100" +
         data +
         "}}\n"
         "model:\n"
         "  - conv1d: {width: 24, kernel: 5, activation: gelu}\n"
         "  - linear: $classes\n"
         "train: " +
         train + "\n";
}

const char* const kTrain =
    "{batch: 32, steps: 250, eval_every: 50, checkpoint_every: 30, optimizer: {adamw: {lr: 0.01}}}";

// With the blank first and last, padded behind the last symbol, in f32 and, where the machine has
// it, bf16.
TEST(CtcTraining, LearnsWhatWasSaid) {
  std::vector<std::string> texts = {symbols(kTrain), symbols(kTrain, ", blank: 4"),
                                    symbols(kTrain, ", padded: true")};
  if (has_bf16_products()) texts.push_back(texts[0] + "precision: bf16\n");
  for (const std::string& text : texts) {
    const TempFolder folder;
    const Experiment e = open_text(folder, text);
    Remember seen;
    const RunResult r = run_training(e, {}, seen);
    ASSERT_TRUE(r.test && r.test->kind == TargetKind::kSequences);
    EXPECT_EQ(r.test->scored, 100);  // the padding of the last batch is none
    EXPECT_GT(r.test->accuracy, 0.9);
    EXPECT_LT(r.test->label_error_rate, 0.05);
    EXPECT_LT(r.test->label_error_rate, 1 - r.test->accuracy + 1e-9);
    EXPECT_LT(r.test->loss, 0.2 * seen.losses[0]);
  }
}

TEST(CtcTraining, FramesMayBeJoined) {
  for (const char* padding : {"", ", padded: true"}) {
    const TempFolder folder;
    std::string text = symbols("{batch: 32, steps: 2}", padding);
    text.replace(text.find("kernel: 5"), 9, "kernel: 5, stride: 2");
    const Experiment e = open_text(folder, text);
    Remember seen;
    const RunResult r = run_training(e, {}, seen);
    EXPECT_TRUE(std::isfinite(r.test->loss));
    EXPECT_GT(r.test->scored, 90);
    EXPECT_EQ(model_graph(e, 2, false).outputs.size(), *padding ? 2u : 1u);  // which are real
  }
}

// The loss and the errors both see which frames are real.
TEST(CtcTraining, PaddingIsNeitherScoredNorAnswered) {
  const TempFolder folder;
  const Experiment e = open_text(folder, symbols("{batch: 4, steps: 1}", ", padded: true"));
  Graph g = evaluation_graph(e, 4);
  int looked = 0;
  for (const Node& n : g.nodes())
    if (n.op && (n.kind() == "ctc" || n.kind() == "ctc_errors")) {
      ASSERT_EQ(n.inputs.size(), 3u);
      EXPECT_EQ(n.inputs[2].node, *g.find(Role::kInput, "mask"));
      ++looked;
    }
  EXPECT_EQ(looked, 2);
}

// Of 7 frames in strides of 2 there are 4, wherever padding ends and whatever it holds.
TEST(CtcTraining, JoinedFramesAreRealWhereTheirFirstIs) {
  const TempFolder folder;
  std::string text = symbols("{batch: 2, steps: 1}", ", padded: true");
  text.replace(text.find("kernel: 5"), 9, "kernel: 5, stride: 2");
  const Experiment e = open_text(folder, text);
  const Graph g = evaluation_graph(e, 2);
  const int64_t frames = 18, real[] = {7, 14};
  const auto loss = [&](double filling) {
    return interpret(g,
                     [&](const Node& n) -> Ref {
                       if (n.scope.path == "target") return {{1, 2, -1, 2, 3, 1}};
                       Ref r = test::random_leaf(n);
                       const int64_t width = r.size() / (2 * frames);
                       for (int64_t i = 0; i < r.size() && n.role == Role::kInput; ++i) {
                         const int64_t frame = i / width % frames;
                         const bool is_real = frame < real[i / width / frames];
                         if (n.scope.path == "mask") r[i] = is_real;
                         if (n.scope.path == "x" && !is_real) r[i] = filling;
                       }
                       return r;
                     })
        .outputs[1][0];
  };
  EXPECT_NEAR(loss(0), loss(50), 1e-12);
  for (const Node& n : g.nodes())
    if (n.op && n.kind() == "ctc") {
      EXPECT_EQ(g.type(n.inputs[2]).shape, (Shape{2, 9}));
    }
}

TEST(CtcTraining, NamesItsMetricsAndKeepsTheBestOfThem) {
  const TempFolder folder;
  Remember seen;
  const Experiment e =
      open_text(folder, symbols(kTrain), {"train.best=val.label_error_rate", "train.steps=100"});
  const RunResult r = run_training(e, {.folder = folder.path("run")}, seen);
  for (const EvaluationReport& x : seen.evaluations)
    EXPECT_GE(x.metrics.label_error_rate, r.state.best->metrics.label_error_rate);
  const Json run = load_json(folder.path("run/run.json"));
  EXPECT_EQ(run["test"]["metrics"]["test.label_error_rate"], r.test->label_error_rate);
  EXPECT_EQ(run["test"]["metrics"]["test.accuracy"], r.test->accuracy);
  EXPECT_EQ(load_checkpoint(folder.path("run")).state.best->metrics, r.state.best->metrics);
  bool logged = false;
  for (const Json& line : read_log(folder.path("run/log.jsonl")))
    logged = logged || line.contains("val.label_error_rate");
  EXPECT_TRUE(logged);
  EXPECT_EQ(to_text({.loss = 0.5,
                     .accuracy = 0.25,
                     .kind = TargetKind::kSequences,
                     .label_error_rate = 1.25}),
            "loss 0.5000, accuracy 25.00 %, label errors 125.00 %");
}

TEST(CtcTraining, ResumesBitForBit) {
  const TempFolder folder;
  const Experiment e = open_text(folder, symbols(kTrain), {"train.loss={ctc: {per: example}}"});
  Remember whole, parts;
  run_training(e, {.folder = folder.path("a")}, whole);
  for (int session = 0; session < 3; ++session)
    run_training(e,
                 {.folder = folder.path("b"),
                  .resume = true,
                  .stop = [left = 90]() mutable { return --left <= 0; }},
                 parts);
  EXPECT_EQ(parts.losses, whole.losses);
  EXPECT_EQ(read_file(folder.path("a/log.jsonl")), read_file(folder.path("b/log.jsonl")));
}

std::vector<std::string> errors_of(const std::string& text) {
  const TempFolder folder;
  std::vector<std::string> out;
  for (const UserError& e : test::error_of<UserErrors>([&] { open_text(folder, text); }).all)
    out.push_back(test::text_of(e) + "; " + e.help);
  return out;
}

TEST(CtcTraining, RefusesWhatIsOfClasses) {
  EXPECT_EQ(errors_of(symbols("{loss: cross_entropy, z_loss: 0.1, best: val.r2}")),
            (std::vector<std::string>{
                "5:15: loss 'cross_entropy' is of classes, the data's targets are sequences; use "
                "loss: ctc, or leave it out",
                "5:38: 'z_loss' is of class targets, the data's targets are sequences; leave "
                "z_loss out",
                "5:49: there is no val.r2: the data's targets are sequences; use val.loss, "
                "val.accuracy or val.label_error_rate"}));
}
}  // namespace
}  // namespace cambium::ctc_test
