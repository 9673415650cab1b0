#include "train/profile/profile.h"

#include "core/text/json.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::profile_test {
namespace {
using test::error_of;
using test::markov_spec;
using test::open_text;
using test::TempFolder;

KernelTime kernel(const std::string& path, const std::string& op, Phase phase, double ms) {
  KernelTime k;
  k.path = path;
  k.op = op;
  k.phase = phase;
  k.ms = ms;
  return k;
}

double sum_ms(const Profile& p) {
  double sum = 0;
  for (const KernelTime& k : p.kernels) sum += k.ms;
  return sum;
}

TEST(Profile, KernelsAndTheRestAddUpToTheStep) {
  const TempFolder folder;
  const Experiment e = open_text(folder, markov_spec("{batch: 8, steps: 2}"));
  int64_t asked = 0;
  const Profile p =
      profile_training(e, {.steps = 5, .go_on = [&](int64_t done) { return done == asked++; }});
  EXPECT_EQ(asked, 8);
  EXPECT_EQ(p.steps, 5);
  EXPECT_GT(p.step_ms, 0);
  EXPECT_LE(p.step_ms, p.median_ms);
  EXPECT_GE(p.outside_ms, 0);
  EXPECT_NEAR(sum_ms(p) + p.outside_ms, p.step_ms, 1e-9);
  EXPECT_GT(p.roofline.gemm_gflops, 0);
  EXPECT_GT(p.roofline.stream_gbytes, 0);
  EXPECT_GT(p.peak_bytes, 0);
  EXPECT_NEAR(p.total().flops, step_cost(e).flops_per_step, 1);
  std::set<Phase> phases;
  for (const KernelTime& k : p.kernels) {
    EXPECT_FALSE(k.op.empty() || k.impl.empty() || k.out.empty()) << k.path;
    EXPECT_GT(k.ms, 0) << k.path << " " << k.op;
    phases.insert(k.phase);
  }
  EXPECT_EQ(phases.size(), 3u);
}

TEST(Profile, ShowsCopiesBetweenLayouts) {
  const TempFolder folder;
  const Experiment e = open_text(
      folder,
      "data: {random_images: {height: 32, width: 32, channels: 3, classes: 4, train: 16, val: 8, "
      "test: 8}}\n"
      "model: [{conv2d: {width: 64, kernel: 3}}, {conv2d: {width: 64, kernel: 3}}, {pool: mean}, "
      "linear: $classes]\ntrain: {batch: 8, steps: 2}\n");
  const Profile p = profile_training(e, {.steps = 3});
  double copied = 0;
  for (const KernelTime& k : p.kernels)
    if (k.op == "reorder") {
      EXPECT_GT(k.ms, 0);
      EXPECT_EQ(k.flops, 0);
      copied += k.bytes;
    }
  // Weights, at least, are laid out anew for every product of the second convolution.
  EXPECT_GT(copied, 3.0 * 2 * 9 * 64 * 64 * 4);
  EXPECT_NEAR(sum_ms(p) + p.outside_ms, p.step_ms, 1e-9);
}

TEST(Profile, CountsEveryBatchOfAnUpdate) {
  const TempFolder folder;
  const Experiment e = open_text(folder, markov_spec("{batch: 8, steps: 2, accumulate: 3}"));
  const Profile p = profile_training(e, {.steps = 2, .warm_up = 1});
  EXPECT_NEAR(p.total().flops, step_cost(e).flops_per_step, 1);
  EXPECT_EQ(std::ranges::count(p.kernels, std::string("adam_update"), &KernelTime::op), 1);
}

TEST(Profile, StoppedWhileWarmingUpHasNoSteps) {
  const TempFolder folder;
  const Experiment e = open_text(folder, markov_spec("{batch: 8, steps: 2}"));
  const Profile p = profile_training(e, {.go_on = [](int64_t done) { return done < 2; }});
  EXPECT_EQ(p.steps, 0);
  EXPECT_TRUE(p.kernels.empty());
}

TEST(Profile, BlocksAreFirstSegmentsWithTheirNumber) {
  Profile p;
  p.kernels = {kernel("repeat.0.ffn.up", "linear", Phase::kForward, 1),
               kernel("repeat.0.norm", "layer_norm", Phase::kForward, 2),
               kernel("repeat.0.ffn.up", "matmul", Phase::kBackward, 4),
               kernel("repeat.12", "add", Phase::kForward, 8),
               kernel("stem.conv.0", "conv2d", Phase::kForward, 16),
               kernel("head", "linear", Phase::kForward, 32),
               kernel("", "add", Phase::kUpdate, 64)};
  std::vector<std::pair<std::string, double>> seen;
  for (const GroupTime& g : times_by_block(p)) seen.emplace_back(g.name, g.ms);
  EXPECT_EQ(seen, (std::vector<std::pair<std::string, double>>{
                      {"", 64}, {"head", 32}, {"stem", 16}, {"repeat.12", 8}, {"repeat.0", 7}}));
  const GroupTime last = times_by_block(p).back();
  EXPECT_EQ(last.kernels, 3);
  EXPECT_EQ(last.forward_ms, 3);
  EXPECT_EQ(last.backward_ms, 4);
  EXPECT_EQ(times_by_op(p)[0].name, "add");
  EXPECT_EQ(times_by_op(p)[0].update_ms, 64);
}

TEST(Profile, ShareIsOfTheLongerOfComputingAndMoving) {
  const Roofline r{.gemm_gflops = 100, .stream_gbytes = 10};
  EXPECT_DOUBLE_EQ(r.least_ms(2e8, 1e6), 2);   // computing
  EXPECT_DOUBLE_EQ(r.least_ms(2e6, 1e8), 10);  // moving
  const Work w{.ms = 4, .flops = 2e8, .bytes = 1e6, .least_ms = 2};
  EXPECT_DOUBLE_EQ(w.share(), 0.5);
  EXPECT_DOUBLE_EQ(w.gflops(), 50);
  EXPECT_DOUBLE_EQ(w.gbytes(), 0.25);
}

TEST(Profile, KnowsReferenceImplementations) {
  KernelTime k;
  for (const char* impl : {"ref:any", "gemm:ref"}) {
    k.impl = impl;
    EXPECT_TRUE(k.is_reference()) << impl;
  }
  for (const char* impl : {"own", "brg:avx512_core", "jit:uni"}) {
    k.impl = impl;
    EXPECT_FALSE(k.is_reference()) << impl;
  }
}

TEST(ProfileFile, ReadsBackWhatWasWritten) {
  const TempFolder folder;
  Profile p{.spec = "s.yaml",
            .hash = "00ff",
            .machine = "m",
            .steps = 3,
            .median_ms = 2.5,
            .step_ms = 2,
            .outside_ms = 0.5,
            .predicted_bytes = 7,
            .peak_bytes = 8,
            .roofline = {100, 10}};
  p.kernels = {kernel("a.b", "linear", Phase::kBackward, 1.5)};
  p.kernels[0].impl = "ref:any";
  p.kernels[0].line = 12;
  p.kernels[0].flops = 6e6;
  p.kernels[0].least_ms = 0.06;
  const Json written = to_json(p);
  EXPECT_EQ(written["kernels"][0]["gflops_per_s"], 4);
  EXPECT_EQ(written["kernels"][0]["reference"], true);
  EXPECT_EQ(written["blocks"][0]["name"], "a");
  replace_file(folder.path("p.json"), to_text(written));
  EXPECT_EQ(to_text(to_json(load_profile(folder.path("p.json")))), to_text(written));
}

TEST(ProfileFile, OtherFilesAreRefusedWithACure) {
  const TempFolder folder;
  const auto error = [&](const std::string& name, const char* content) {
    const std::string path = folder.path(name);
    if (content) replace_file(path, std::string_view(content));
    const UserError e = error_of([&] { load_profile(path); });
    EXPECT_NE(e.help.find("cambium profile SPEC -o FILE"), std::string::npos) << name;
    return std::string(e.what()).replace(std::string(e.what()).find(path), path.size(), name);
  };
  EXPECT_EQ(error("none", nullptr), "there is no file 'none'");
  EXPECT_EQ(error("text", "data: x"), "'text' is not valid JSON");
  EXPECT_EQ(error("list", "[1]"), "'list' is not a profile");
  EXPECT_EQ(error("run", "{\"kind\": 3}"), "'run' is not a profile");
  EXPECT_EQ(error("half", "{\"kind\": \"profile\"}").find("the profile 'half' is damaged: "), 0u);
}
}  // namespace
}  // namespace cambium::profile_test
