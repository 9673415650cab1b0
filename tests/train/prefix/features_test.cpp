// A frozen prefix is computed once: the same bits, less work, and plain words where it cannot be.
#include "train/prefix/features.h"

#include <filesystem>

#include "core/text/json.h"
#include "tests/support/data/small_data.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/plans.h"
#include "train/run/session.h"

namespace cambium::features_test {
namespace {
namespace fs = std::filesystem;

struct Case {
  const char *name, *freeze, *data, *model, *train;
  const char* more = "";  // of the pictures
};

const char* const kPictures = "pictures";

const Case kCases[] = {
    {"convolutions up to a pool", "[conv2d, residual_conv]", kPictures,
     "model:\n  - conv2d: {width: 16, kernel: 3, norm: batch, activation: relu}\n"
     "  - residual_conv: 16\n  - pool: mean\n  - {dropout: 0.2}\n  - linear: $classes\n",
     "optimizer: {adamw: {lr: 1e-2}}, ema: 0.9"},
    {"a convolution in the middle of what is trained", "[conv2d]", kPictures,
     "model:\n  - conv2d: {width: 4, kernel: 7, norm: batch, activation: relu}\n"
     "  - residual_conv: 8\n  - flatten\n  - linear: $classes\n",
     "optimizer: {sgd: {lr: 1e-2}}, accumulate: 2"},
    {"attention over symbols", "[embed, positions, residual.0]",
     "{random_tokens: {vocab: 6, context: 12, train: 96, val: 16, test: 16}}",
     "model:\n  - embed: 16\n  - positions: learned\n"
     "  - repeat: 2\n    name: residual\n    body: [{residual: [{norm: layer}, {attention: {heads: "
     "2, "
     "causal: true}}]}, {residual: [{norm: layer}, {ffn: {expand: 4, dropout: 0.1}}]}]\n"
     "  - linear: $classes\n",
     "optimizer: adamw"},
};

class Features : public testing::Test {
 protected:
  Features() {
    test::write_pictures(folder_, "train", 106);
    test::write_pictures(folder_, "t10k", 32);
  }

  std::string data_of(const Case& c) const {
    if (c.data != std::string(kPictures)) return c.data;
    return str("{mnist: {path: '", folder_.path(""), "', val: 10", c.more, "}}");
  }

  Experiment open(const Case& c, const std::string& more = "", const std::string& first = "") {
    return test::open_text(
        folder_, str("freeze: ", c.freeze, "\n", first, "data: ", data_of(c), "\n", c.model,
                     "train: {batch: 16, steps: 20, eval_every: 10, ", c.train, more, "}\n"));
  }

  RunResult run(const Experiment& e, const std::string& name, test::Remember& seen,
                int64_t pause_at = 0) {
    return run_training(e, {.folder = folder_.path(name), .resume = true, .pause_at = pause_at},
                        seen);
  }

  std::string last(const std::string& name) {
    return read_file(folder_.path(name) + "/checkpoints/step-20.safetensors");
  }

  std::vector<fs::path> files(const std::string& folder) {
    std::vector<fs::path> out;
    std::error_code none;
    for (const auto& f : fs::directory_iterator(folder_.path(folder), none))
      if (f.path().extension() == ".features") out.push_back(f.path());
    return out;
  }

  test::TempFolder folder_;
};

bool says(const std::vector<std::string>& notes, const std::string& part) {
  return std::ranges::any_of(notes, [&](const std::string& n) { return n.find(part) != n.npos; });
}

std::string all(const std::vector<std::string>& notes) {
  std::string text;
  for (const std::string& n : notes) text += n + "\n";
  return text;
}

TEST_F(Features, GiveTheSameBitsAsThePrefix) {
  int i = 0;
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    test::Remember plain, kept;
    const std::string a = str("a", i), b = str("b", i);
    ++i;
    const RunResult x = run(open(c, ", cache: off"), a, plain);
    const RunResult y = run(open(c), b, kept);
    EXPECT_FALSE(says(plain.notes, "frozen prefix"));
    EXPECT_TRUE(says(kept.notes, "frozen prefix: computed once for 96 examples"))
        << all(kept.notes);
    EXPECT_EQ(files(b + "/cache").size(), 1u);
    EXPECT_EQ(plain.losses, kept.losses);
    EXPECT_EQ(last(a), last(b));
    EXPECT_EQ(x.test, y.test);
    EXPECT_EQ(read_file(folder_.path(a) + "/log.jsonl"), read_file(folder_.path(b) + "/log.jsonl"));
  }
}

TEST_F(Features, ServeAResumedRunAndOthersWithTheSameBody) {
  const Case& c = kCases[0];
  const std::string shared = folder_.path("shared");
  const std::string more = str(", cache: ", shared);
  test::Remember whole, first, second, other;
  run(open(c, ", cache: off"), "a", whole);
  run(open(c, more), "b", first, 7);
  run(open(c, more), "b", second);
  EXPECT_TRUE(says(first.notes, "computed once"));
  EXPECT_TRUE(says(second.notes, "found for")) << all(second.notes);
  EXPECT_EQ(last("a"), last("b"));
  // Another rate is another arm with the same body; another seed has other weights.
  Experiment arm = test::open_text(
      folder_, str("freeze: ", c.freeze, "\ndata: ", data_of(c), "\n", c.model,
                   "train: {batch: 16, steps: 20, optimizer: {sgd: {lr: 0.1}}", more, "}\n"));
  run(arm, "c", other);
  EXPECT_TRUE(says(other.notes, "found for")) << all(other.notes);
  EXPECT_EQ(files("shared").size(), 1u);
  test::Remember seeded;
  run(open(c, more + ", seed: 5"), "d", seeded);
  EXPECT_TRUE(says(seeded.notes, "computed once"));
  EXPECT_EQ(files("shared").size(), 2u);
}

TEST_F(Features, AreMadeAgainWhenTheirFileIsDamaged) {
  const Case& c = kCases[0];
  const std::string more = str(", cache: ", folder_.path("shared"));
  test::Remember seen;
  run(open(c, more), "a", seen);
  const std::string path = files("shared").at(0).string();
  std::string bytes = read_file(path);
  for (const size_t at : {size_t(9), size_t(30), bytes.size() / 2, bytes.size() - 1}) {
    std::string bad = bytes;
    bad[at] ^= 1;
    replace_file(path, bad);
    test::Remember again;
    run(open(c, more), str("b", at), again);
    EXPECT_TRUE(says(again.notes, "computed once")) << at << all(again.notes);
    EXPECT_EQ(read_file(path), bytes);
    EXPECT_EQ(last("a"), last(str("b", at)));
  }
  for (const std::string& bad :
       {bytes.substr(0, 20), bytes.substr(0, bytes.size() - 1), bytes + "x"}) {
    replace_file(path, bad);
    EXPECT_EQ(FeatureFile::open(path, 1, 96), nullptr);
  }
}

TEST_F(Features, AreNotUsedWhereTheyCannotBe) {
  const Case& c = kCases[0];
  const auto note = [&](const std::string& name, Case k, const std::string& more) {
    test::Remember seen;
    run(open(k, more + ", cache: " + folder_.path("shared")), name, seen);
    EXPECT_TRUE(files("shared").empty()) << name;
    return all(seen.notes);
  };
  const std::string before = "the frozen prefix is computed in every step: ";
  Case augmented = c;
  augmented.more = ", augment: [flip]";
  EXPECT_NE(note("a", augmented, "").find(before + "the data is another in each epoch"),
            std::string::npos);
  Case random = c;
  random.model =
      "model:\n  - {dropout: 0.1}\n  - conv2d: {width: 16, kernel: 3, norm: batch, activation: "
      "relu}\n"
      "  - residual_conv: 16\n  - pool: mean\n  - linear: $classes\n";
  EXPECT_NE(note("b", random, "").find(before + "nothing frozen stands before"), std::string::npos);
  Case moving = c;
  moving.freeze = "{names: [conv2d, residual_conv], mode: train}";
  EXPECT_NE(note("m", moving, "").find(before), std::string::npos);
  Case cheap = kCases[2];
  cheap.freeze = "[embed]";
  EXPECT_NE(note("c", cheap, "").find(before + "what is frozen is computed as fast as it is read"),
            std::string::npos);
  const std::string full = note("d", c, ", cache_gib: 0.000001");
  EXPECT_NE(full.find(before + "its answers take"), std::string::npos) << full;
  EXPECT_NE(full.find("(train.cache_gib)"), std::string::npos) << full;
  test::Remember brief;
  run_training(test::open_text(folder_, str("freeze: ", c.freeze, "\ndata: ", data_of(c), "\n",
                                            c.model, "train: {batch: 16, epochs: 1, cache: ",
                                            folder_.path("shared"), "}\n")),
               {}, brief);
  EXPECT_TRUE(says(brief.notes, before + "the run sees too few examples")) << all(brief.notes);
}

TEST_F(Features, AreNotKeptOfDataThatChanges) {
  const test::OneThread one_thread;
  Case masked = kCases[2];
  masked.data =
      "{masked: {of: {markov_text: {symbols: 6, order: 1, context: 12, train: 96, val: 16, test: "
      "16}}}}";
  masked.freeze = "[embed, positions, residual.0]";
  masked.model =
      "model:\n  - embed: 16\n  - positions: learned\n"
      "  - repeat: 2\n    name: residual\n    body: [{residual: [{norm: layer}, {attention: "
      "{heads: "
      "2}}]}, {residual: [{norm: layer}, {ffn: {expand: 4}}]}]\n  - linear: $classes\n";
  test::Remember seen;
  run(open(masked, str(", cache: ", folder_.path("shared"))), "a", seen);
  EXPECT_TRUE(says(seen.notes, "the data is another in each epoch")) << all(seen.notes);
  EXPECT_TRUE(files("shared").empty());
}

TEST_F(Features, ChangeWithThePhasesOfARun) {
  const Case& c = kCases[0];
  const std::string thaw = "unfreeze: {residual_conv: 13}\n";
  test::Remember plain, kept, parts;
  run(open(c, ", cache: off", thaw), "a", plain);
  run(open(c, str(", cache: ", folder_.path("s"), ", cache_gib: 1"), thaw), "b", kept);
  EXPECT_TRUE(says(kept.notes, "computed once")) << all(kept.notes);
  EXPECT_EQ(plain.losses, kept.losses);
  EXPECT_EQ(last("a"), last("b"));
  for (const int64_t pause : {12, 13, 14}) {
    run(open(c, "", thaw), str("c", pause), parts, pause);
    run(open(c, "", thaw), str("c", pause), parts);
    EXPECT_EQ(last("a"), last(str("c", pause))) << pause;
  }
}

TEST_F(Features, CutTheStepInTwo) {
  const Experiment e = open(kCases[0]);
  Engine engine;
  const TrainPlans plans = compile_plans(e, engine);
  const std::optional<PrefixCut> cut = find_prefix(plans.step.graph, 16);
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->features.shape.count(), 16 * 16);  // behind the pool
  EXPECT_FALSE(cut->prefix.find(Role::kInput, "target"));
  EXPECT_FALSE(cut->rest.find(Role::kParameter, "conv2d.weight"));
  EXPECT_TRUE(cut->rest.find(Role::kParameter, "linear.weight"));
  verify(cut->prefix);
  verify(cut->rest);
}
}  // namespace
}  // namespace cambium::features_test
