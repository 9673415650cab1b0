// Training on what edges carry.
#include "tests/support/tiny_experiment.h"

namespace cambium::edge_features_test {
namespace {
using test::open_text;
using test::Remember;
using test::TempFolder;

// One layer of `block`, with the edges' kinds or without.
std::string kinds(const std::string& block, const std::string& edges) {
  return str(
      "data: {subgraph_counts: {count: wedges, level: node, kinds: 3, nodes: 8, train: 400, "
      "val: 50, test: 100}}\n"
      "model: [{linear: 16}, {",
      block, ": {width: 16, edges: ", edges,
      "}}, {linear: {width: 16, activation: relu}}, {linear: $outputs}]\n"
      "train: {batch: 40, steps: 400, eval_every: 100, checkpoint_every: 70, optimizer: {adamw: "
      "{lr: 0.01}}}\n");
}

// A batch's last graphs are padding in evaluation: 100 is no multiple of 40.
TEST(EdgeFeatureTraining, SeesWhatTheEdgesCarry) {
  for (const char* block : {"gin", "mpnn"}) {
    SCOPED_TRACE(block);
    const TempFolder folder;
    Remember seen;
    const RunResult with = run_training(open_text(folder, kinds(block, "true")), {}, seen),
                    without = run_training(open_text(folder, kinds(block, "false")), {}, seen);
    EXPECT_EQ(with.test->scored, 800);
    EXPECT_GT(with.test->r2, 0.9);
    EXPECT_LT(without.test->r2, 0.8);
  }
}

TEST(EdgeFeatureTraining, ResumesBitForBit) {
  const TempFolder folder;
  const Experiment e = open_text(folder, kinds("gin", "true"), {"train.steps=200"});
  Remember whole, parts;
  run_training(e, {.folder = folder.path("a")}, whole);
  for (int session = 0; session < 3; ++session)
    run_training(e,
                 {.folder = folder.path("b"),
                  .resume = true,
                  .stop = [left = 90]() mutable { return --left <= 0; }},
                 parts);
  EXPECT_EQ(parts.losses, whole.losses);
}
}  // namespace
}  // namespace cambium::edge_features_test
