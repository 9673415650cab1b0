// Searches whose models start from other weights (`init:`): which weights is part of what a trial
// is, and of what a search goes on with.
#include <algorithm>
#include <filesystem>

#include "core/system/files.h"
#include "search/candidates/model_space.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "train/run/trainer.h"

namespace cambium::started_space_test {
namespace {
const char* const kModel =
    "vars: {dim: 8, new: linear}\n"
    "data: {markov_text: {symbols: 6, order: 1, context: 8, train: 64, val: 16, test: 16}}\n"
    "model:\n"
    "  - embed: $dim\n"
    "  - residual: [{norm: rms}, {ffn: 2}]\n"
    "  - linear: $classes\n"
    "train: {batch: 8, steps: 3}\n";

class StartedSpaces : public testing::Test {
 protected:
  StartedSpaces() {
    replace_file(folder_.path("scratch.yaml"), kModel);
    for (const int64_t seed : {0, 1}) make_source(path(seed), seed);
    std::filesystem::copy(path(0), folder_.path("copy"), std::filesystem::copy_options::recursive);
    write_base("");
  }

  std::string path(int64_t seed) const { return folder_.path(str("source", seed)); }

  void make_source(const std::string& run, int64_t seed) {
    Progress silent;
    std::filesystem::remove_all(run);
    const Experiment e = open_experiment(
        load_spec(folder_.path("scratch.yaml"), std::vector{str("train.seed=", seed)}));
    run_training(e, {.folder = run}, silent);
  }

  void write_base(const std::string& more) {
    replace_file(folder_.path("model.yaml"), str("init: {from: ", path(0), more, "}\n", kModel));
  }

  Spec search(const std::string& space) {
    replace_file(folder_.path("s.yaml"),
                 str("base: model.yaml\nspace: {", space, "}\nobjectives: {val.loss: min}\n"));
    return load_spec(folder_.path("s.yaml"));
  }

  // Of each value of the only dimension.
  std::vector<std::string> keys_of(const std::string& space) {
    ModelSpace models(search(space));
    std::vector<std::string> out;
    for (int64_t i = 0; i < count_of(models.space().dimensions().front()); ++i) {
      const Candidate& c = models.candidate({{{.active = true, .index = i}}});
      EXPECT_TRUE(c.ok()) << c.refusal;
      out.push_back(c.key);
    }
    return out;
  }

  std::string base_of(const std::string& space) {
    const auto sections = ModelSpace(search(space)).sections();
    return std::ranges::find(sections, "base", [](const auto& s) { return s.first; })->second;
  }

  const test::TempFolder folder_;
  const test::OneThread one_;
};

TEST_F(StartedSpaces, OtherWeightsAreOtherTrials) {
  const auto keys =
      keys_of(str("init.from: [", path(0), ", ", path(1), ", ", folder_.path("copy"), "]"));
  EXPECT_NE(keys[0], keys[1]);
  EXPECT_EQ(keys[0], keys[2]) << "the same weights in another place";
  ModelSpace models(search("vars.dim: [8]"));
  EXPECT_EQ(models.base_key(), keys[0]);
}

TEST_F(StartedSpaces, OtherRulesAreOtherTrials) {
  const auto fresh = keys_of("init.fresh: [linear, embed]");
  EXPECT_NE(fresh[0], fresh[1]);
  write_base(", fresh: $new");
  const auto named = keys_of("vars.new: [linear, embed]");
  EXPECT_EQ(named, fresh) << "what a variable stands for counts";
}

TEST_F(StartedSpaces, OtherWeightsInTheSamePlaceAreAnotherBase) {
  const std::string space = "vars.new: [linear, embed]", before = base_of(space);
  EXPECT_EQ(base_of(space), before);
  make_source(path(1), 7);
  EXPECT_EQ(base_of(space), before) << "nothing names it";
  make_source(path(0), 7);
  EXPECT_NE(base_of(space), before);
}

TEST_F(StartedSpaces, SoAreThoseThatOnlyATrialNames) {
  const std::string space = str("init.from: [", path(0), ", ", path(1), "]");
  const std::string before = base_of(space);
  EXPECT_EQ(base_of(space), before);
  make_source(path(1), 7);
  EXPECT_NE(base_of(space), before);
}
}  // namespace
}  // namespace cambium::started_space_test
