// Training to name hidden tokens.
#include "places.h"
#include "tests/support/tiny_experiment.h"
#include "train/run/session.h"

namespace cambium::masked_test {
namespace {
using test::open_text;
using test::Remember;
using test::TempFolder;

// A text of words that repeat, as characters.
std::string spec(const TempFolder& folder) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += i % 3 == 0 ? "abcd" : i % 3 == 1 ? "efgh" : "ijkl";
  replace_file(folder.path("text"), text);
  return str("data: {masked: {of: {text_chars: {path: '", folder.path("text"),
             "', context: 16}}}}\n"
             "model:\n"
             "  - embed: {dim: 16, std: 0.3}\n"
             "  - residual: [{norm: rms}, {depthwise_conv: {kernel: 7}}, {ffn: {expand: 4}}]\n"
             "  - linear: {tie: embed}\n"
             "train: {batch: 8, steps: 300, eval_every: 100, checkpoint_every: 25, "
             "optimizer: {adamw: {lr: 1e-2}}}\n");
}

TEST(MaskedTraining, LearnsToNameWhatIsHidden) {
  const TempFolder folder;
  Remember seen;
  const RunResult r = run_training(open_text(folder, spec(folder)), {}, seen);
  EXPECT_GT(r.test->accuracy, 0.8);  // 1 / 12 by chance
  EXPECT_LT(seen.losses.back(), 0.5 * seen.losses.front());
}

TEST(MaskedTraining, ScoresOnlyMaskedPlaces) {
  const TempFolder folder;
  const Experiment e = open_text(folder, spec(folder));
  Session session(e, std::numeric_limits<int64_t>::max());
  session.start(0);
  const Metrics m = session.evaluate_on(Split::kValidation, 1);
  EXPECT_EQ(m.scored, 7 * 2 + 1);  // 15 % of 16 places, and one of the 7 that end the text
}

TEST(MaskedTraining, ResumesBitForBit) {
  const TempFolder folder;
  const Experiment e = open_text(folder, spec(folder), {"train.steps=90"});
  Remember whole, parts;
  run_training(e, {.folder = folder.path("a")}, whole);
  for (int session = 0; session < 3; ++session)
    run_training(e,
                 {.folder = folder.path("b"),
                  .resume = true,
                  .stop = [left = 37]() mutable { return --left <= 0; }},
                 parts);
  EXPECT_EQ(parts.losses, whole.losses);
  EXPECT_EQ(read_file(folder.path("a/checkpoints/step-90.safetensors")),
            read_file(folder.path("b/checkpoints/step-90.safetensors")));
}

// The places a real text hides differ from epoch to epoch.
TEST(MaskedTraining, TrainsOnTinyShakespeare) {
  const std::string path = test::data_path("text/tinyshakespeare/input.txt");
  if (test::skip_without(path)) return;
  const Experiment e = open_experiment(load_spec(
      CAMBIUM_SOURCE_DIR "/configs/models/masked_chars.yaml",
      std::vector<std::string>{"vars.text=" + path, "vars.dim=32", "vars.layers=1",
                               "train.steps=150", "train.eval_every=150", "train.eval_batches=4"}));
  EXPECT_EQ(e.data->shape(1).classes, 66);
  Remember seen;
  run_training(e, {}, seen);
  EXPECT_LT(seen.losses.back(), 0.85 * seen.losses.front());
  EXPECT_EQ(seen.evaluations.back().metrics.scored, 4 * 32 * 10);
}
}  // namespace
}  // namespace cambium::masked_test
