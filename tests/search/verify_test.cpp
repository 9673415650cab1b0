#include "search/verify/verify.h"

#include <algorithm>
#include <filesystem>

#include "core/system/files.h"
#include "places.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::verify_test {
namespace {
using test::error_of;

class Verify : public ::testing::Test {
 protected:
  Verify() { replace_file(folder_.path("model.yaml"), test::markov_spec("{batch: 8, steps: 4}")); }

  void write(const std::string& name, const std::string& text) const {
    replace_file(folder_.path(name + ".yaml"), text);
  }

  VerifyCell load(const std::string& text, bool full = false) const {
    write("cell", text);
    return load_verify(folder_.path(), "cell", full);
  }

  // In a folder of its own each.
  VerifyResult train(const VerifyCell& cell, std::function<bool()> stop = {}) const {
    static int folders = 0;
    TrialWatch silent;
    const VerifySettings settings{
        .folder = folder_.path(str("runs", ++folders)), .stop = std::move(stop), .program = ""};
    return run_verify(cell, plan_verify(cell, ""), settings, silent);
  }

  VerifyResult run(const std::string& text) const {
    const VerifyCell cell = load(text);
    return train(cell);
  }

  const test::TempFolder folder_;
};

const std::string kCell =
    "title: a chain\npublished: 30\nsource: this test\nspec: model.yaml\ntolerance: 100\n"
    "differs: in all\n";

TEST_F(Verify, ReadsACellAtBothSizes) {
  const std::string text = kCell +
                           "seeds: 2\nset: {train.steps: 6}\nmetric: test.accuracy\n"
                           "full: {seeds: 5, tolerance: 2, set: {train.steps: 60}}\n";
  const VerifyCell small = load(text), full = load(text, true);
  EXPECT_EQ(small.numbers.seeds, 2);
  EXPECT_EQ(small.numbers.tolerance, 100);
  EXPECT_EQ(small.numbers.spec, folder_.path("model.yaml"));
  EXPECT_EQ(full.numbers.seeds, 5);
  EXPECT_EQ(full.numbers.published, 30);
  ASSERT_EQ(full.overrides.size(), 1u);
  EXPECT_EQ(full.overrides[0].value.text, "60");
}

TEST_F(Verify, FindsEveryMistakeOfACell) {
  const auto e = error_of<UserErrors>([&] {
    load(
        "title: x\nspec: model.yaml\npublished: many\nseed: 3\ngrid: {a.b: 3}\nfull: {gird: {}}\n");
  });
  std::vector<std::string> all;
  for (const UserError& one : e.all) all.push_back(test::text_of(one));
  EXPECT_EQ(all.size(), 7u);
  EXPECT_NE(std::ranges::find(all, "4:1: unknown key 'seed' of a cell"), all.end());
  EXPECT_NE(std::ranges::find(all, "6:8: unknown key 'gird' of a cell"), all.end());
  EXPECT_NE(std::ranges::find(all, "1:1: the cell has no 'source'"), all.end());
  EXPECT_NE(std::ranges::find(all, "5:13: grid: 'a.b' takes a list of values"), all.end());
}

TEST_F(Verify, SuggestsTheNearestCell) {
  write("mutag-gin", kCell);
  const auto e = error_of([&] { load_verify(folder_.path(), "mutag-gim", false); });
  EXPECT_STREQ(e.what(), "unknown cell 'mutag-gim'");
  EXPECT_EQ(e.help, "did you mean 'mutag-gin'?");
  EXPECT_EQ(error_of([&] { verify_names("/no/such"); }).help,
            "run this where configs/verify is, or give its folder with --cells DIR");
}

TEST_F(Verify, RunsEverySettingSeedAndPointOfTheGrid) {
  const VerifyCell cell = load(kCell +
                               "seeds: 2\nsettings: [{}, {vars.a: 1}, {vars.a: 2}]\n"
                               "grid: {train.optimizer.adamw.lr: [1e-3, 1e-4]}\n");
  const auto runs = plan_verify(cell, "");
  ASSERT_EQ(runs.size(), 12u);
  EXPECT_EQ(plan_size(cell), 12);
  EXPECT_EQ(runs[0].text, "setting 1, lr 1e-3, seed 0");
  EXPECT_EQ(runs[1].group, 0);
  EXPECT_EQ(runs[2].group, 1);
  EXPECT_EQ(runs[11].group, 5);
}

TEST_F(Verify, TakesTheBestOfSeveralStarts) {
  const auto runs = plan_verify(load(kCell + "grid: {train.seed: [3, 5]}\n"), "");
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[1].group, 0);
  EXPECT_EQ(runs[1].text, "seed 5");
  EXPECT_EQ(runs[1].overrides.back().key, "train.seed");
  EXPECT_EQ(runs[1].overrides.back().value.text, "5");
  const auto e = error_of<UserErrors>([&] { load(kCell + "seeds: 2\ngrid: {train.seed: [3]}\n"); });
  EXPECT_NE(std::string(e.what()).find("grid: train.seed and seeds = 2"), std::string::npos);
}

TEST_F(Verify, SaysWhichDataIsMissing) {
  const VerifyCell cell = load(kCell + "data: {vars.x: graphs/some}\n");
  EXPECT_EQ(error_of([&] { plan_verify(cell, ""); }).help,
            "give the folder that holds it: --data DIR");
  EXPECT_THROW(plan_verify(cell, folder_.path()), UserError);
  make_folders(folder_.path("some"));
  const auto runs = plan_verify(cell, folder_.path());
  EXPECT_EQ(runs[0].overrides[0].value.text, folder_.path("some"));
}

TEST(VerifyTolerance, BoundsTheSidesItNames) {
  VerifyNumbers n;
  n.published = 80;
  n.tolerance = 1;
  const auto sides = [&](const std::string& bound) {
    n.bound = bound;
    return std::vector<bool>{within_tolerance(n, 78.9), within_tolerance(n, 79.1),
                             within_tolerance(n, 80.9), within_tolerance(n, 81.1)};
  };
  EXPECT_EQ(sides("within"), (std::vector<bool>{false, true, true, false}));
  EXPECT_EQ(sides("at_least"), (std::vector<bool>{false, true, true, true}));
  EXPECT_EQ(sides("at_most"), (std::vector<bool>{true, true, true, false}));
}

// Of several starts one has the lowest test loss; validation data, which knows nothing of that,
// chooses another.
TEST_F(Verify, ValidationDataChoosesAmongTheRunsOfAGroup) {
  const VerifyCell cell =
      load(kCell +
           "metric: test.loss\nset: {train.optimizer.adamw.lr: 1e-2, train.steps: 40}\n"
           "grid: {train.seed: [0, 2, 5]}\n");
  EXPECT_EQ(runs_of_a_group(cell), 3);
  EXPECT_EQ(selection_metric(cell), "val.loss");
  const VerifyResult r = train(cell);
  ASSERT_EQ(r.selection.size(), 3u);
  const auto chosen = std::ranges::min_element(r.selection) - r.selection.begin();
  EXPECT_EQ(r.groups, std::vector<double>{r.values[size_t(chosen)]});
  EXPECT_GT(r.mean, std::ranges::min(r.values)) << "the same start was best on both";
}

// As Xu et al. 2019 report: one epoch for all folds, the one whose mean over them is best.
TEST_F(Verify, ACommonEpochIsTheBestOfTheMeanCurve) {
  const std::string cell = kCell +
                           "metric: val.loss\nseeds: 3\nset: {train.eval_every: 1, "
                           "train.steps: 12, train.optimizer.adamw.lr: 0.3}\n";
  const VerifyResult own = run(cell), common = run(cell + "epoch: common\n");
  EXPECT_EQ(own.common_step, 0);
  EXPECT_GT(common.common_step, 0);
  EXPECT_EQ(common.groups.size(), 3u);
  EXPECT_GE(common.mean, own.mean);  // each run's own best is at least as good
  const auto e = error_of<UserErrors>([&] { load(kCell + "epoch: common\n"); });
  EXPECT_STREQ(e.all[0].what(),
               "epoch: common takes the mean of a val metric over all runs, without a grid");
}

TEST_F(Verify, ACellSaysItsProtocol) {
  const std::string silent = kCell.substr(0, kCell.find("differs"));
  const auto message = [&](const std::string& text) {
    return std::string(error_of<UserErrors>([&] { load(text); }).all[0].what());
  };
  EXPECT_EQ(message(silent), "the cell does not say how it differs from the published run");
  EXPECT_EQ(message(kCell + "protocol: published\n"),
            "the cell says both `protocol: published` and `differs`");
  const std::string text = kCell + "full: {protocol: published}\n";
  EXPECT_EQ(load(text).numbers.differs, "in all");
  EXPECT_EQ(load(text, true).numbers.differs, "");
  const std::string other = silent + "protocol: published\nfull: {differs: seeds}\n";
  EXPECT_EQ(load(other, true).numbers.differs, "seeds");
  EXPECT_EQ(load(other).numbers.protocol, "published");
}

TEST_F(Verify, TakesTheBestOfTheGridAndTheMeanOfTheSettings) {
  const VerifyResult r = run(kCell +
                             "settings: [{}, {train.steps: 5}]\n"
                             "grid: {train.optimizer.adamw.lr: [1e-2, 1e-9]}\n");
  ASSERT_EQ(r.values.size(), 4u);
  ASSERT_EQ(r.groups.size(), 2u);
  EXPECT_EQ(r.groups[0], r.values[r.selection[0] >= r.selection[1] ? 0 : 1]);
  EXPECT_DOUBLE_EQ(r.mean, (r.groups[0] + r.groups[1]) / 2);
  EXPECT_TRUE(r.passed);
}

TEST_F(Verify, TheLowestLossIsTheBest) {
  const VerifyResult r =
      run(kCell + "metric: val.loss\ngrid: {train.optimizer.adamw.lr: [1e-2, 1e-9]}\n");
  EXPECT_EQ(r.mean, std::min(r.values[0], r.values[1]));
  EXPECT_LT(r.mean, 10);
}

TEST_F(Verify, AnImpossibleToleranceFails) {
  EXPECT_FALSE(run("title: x\npublished: 100.5\nsource: y\nspec: model.yaml\ntolerance: 0.01\n"
                   "protocol: published\n")
                   .passed);
}

TEST_F(Verify, StopsWhenAsked) {
  const VerifyCell cell = load(kCell);
  const VerifyResult r = train(cell, [] { return true; });
  EXPECT_TRUE(r.stopped);
  EXPECT_TRUE(r.groups.empty());
}

// The cells that come with the program: every override of every run names something.
class VerifyConfig : public ::testing::TestWithParam<std::string> {};

TEST_P(VerifyConfig, EveryRunHasASpec) {
  const std::string cells = CAMBIUM_SOURCE_DIR "/configs/verify";
  for (const bool full : {false, true}) {
    const VerifyCell cell = load_verify(cells, GetParam(), full);
    const std::string data = test::data_path("");
    EXPECT_NE(cell.numbers.protocol == "published", !cell.numbers.differs.empty());
    if (!cell.data.empty() && test::skip_without(data)) return;
    const auto runs = plan_verify(cell, data);
    EXPECT_EQ(int64_t(runs.size()), plan_size(cell));
    for (const VerifyRun& run : runs) {
      Spec spec = load_spec(cell.numbers.spec);
      for (const YamlEntry& e : run.overrides)
        EXPECT_NO_THROW(apply_override(spec.root, e.key, e.value, e.key_mark)) << e.key;
      if (&run == &runs.back() && GetParam() != "fashion-resnet") {
        EXPECT_GT(open_experiment(std::move(spec)).total_steps(), 1);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cells, VerifyConfig,
                         ::testing::ValuesIn(verify_names(CAMBIUM_SOURCE_DIR "/configs/verify")),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });
}  // namespace
}  // namespace cambium::verify_test
