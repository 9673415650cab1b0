// Every pass of the pipeline: it can be left out, it can be watched, and models learn the same.
#include "train/graphs/pipeline.h"

#include "core/text/json.h"
#include "ops/support/bf16.h"
#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::test::pipeline_test {
namespace {
// A model that gives every pass something to do.
constexpr const char* kSpec =
    "precision: PRECISION\n"
    "data: {random_images: {height: 16, width: 16, channels: 32, classes: 4, train: 32, val: 8, "
    "test: 8}}\n"
    "model:\n"
    "  - {conv2d: {width: 32, kernel: 3, norm: batch, activation: relu}, recompute: true}\n"
    "  - conv2d: {width: 32, kernel: 3, norm: batch, activation: relu}\n"
    "  - patch_embed: {patch: 4, dim: 32}\n"
    "  - residual: [{attention: {heads: 2, position: rope}}]\n"
    "  - pool: mean\n"
    "  - linear: $classes\n"
    "train: {batch: 8, steps: 3, recompute: pointwise}\n";

class EveryPass : public testing::TestWithParam<Stage> {
 protected:
  Experiment open(bool narrow) const {
    std::string text = kSpec;
    text.replace(text.find("PRECISION"), 9, narrow ? "bf16" : "f32");
    return open_text(folder_, text);
  }

  std::vector<double> losses_of(const Experiment& e) const {
    Remember seen;
    run_training(e, {}, seen);
    return seen.losses;
  }

  TempFolder folder_;
  OneThread one_thread_;
};

TEST_P(EveryPass, MayBeLeftOut) {
  const bool narrow = GetParam().wanted && has_bf16_products();
  Experiment e = open(narrow);
  if (!runs_pass(e, GetParam().name)) return;  // bf16, on a machine without
  const std::vector<double> usual = losses_of(e);
  e.passes.off = {std::string(GetParam().name)};
  EXPECT_FALSE(runs_pass(e, GetParam().name));
  const std::vector<double> without = losses_of(e);
  ASSERT_EQ(without.size(), usual.size());
  for (size_t i = 0; i < usual.size(); ++i)
    EXPECT_NEAR(without[i], usual[i], narrow ? 0.05 : 1e-3) << "step " << i;
}

TEST_P(EveryPass, IsSeenByWhoLooksOn) {
  const bool narrow = GetParam().wanted && has_bf16_products();
  Experiment e = open(narrow);
  if (!runs_pass(e, GetParam().name) || GetParam().makes_no_graph) return;
  int seen = 0;
  e.passes.after = [&](std::string_view pass, const Graph& g) {
    verify(g);
    seen += pass == GetParam().name;
  };
  Remember silent;
  run_training(e, {}, silent);
  EXPECT_GT(seen, 0);
}

INSTANTIATE_TEST_SUITE_P(Pipeline, EveryPass,
                         testing::ValuesIn(pipeline().begin(), pipeline().end()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Passes, AMisspeltNameIsSuggested) {
  const UserError e = error_of([] { check_passes({.off = {"drop_ded"}}); });
  EXPECT_STREQ(e.what(), "there is no pass 'drop_ded'");
  EXPECT_EQ(e.help, "did you mean 'drop_dead'?");
  EXPECT_THROW(check_passes({}, "fuse_roep"), UserError);
}

// Leaving passes out is written down: the numbers of such a run have other last bits.
TEST(Passes, LeftOutStandInTheRunsRecord) {
  const TempFolder folder;
  Experiment e = open_text(folder, markov_spec("{batch: 8, steps: 1}"));
  e.passes.off = {"form_chains"};
  Remember silent;
  run_training(e, {.folder = folder.path("run")}, silent);
  EXPECT_EQ(load_json(folder.path("run/run.json")).at("no_pass"), Json({"form_chains"}));
}
}  // namespace
}  // namespace cambium::test::pipeline_test
