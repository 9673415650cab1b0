// Searches with real trainings, of the tiniest kind.
#include "search/explore/model_search.h"

#include <algorithm>
#include <set>

#include "core/system/files.h"
#include "core/text/json.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "train/record/run_record.h"
#include "train/run/trainer.h"

namespace cambium::model_search_test {
namespace {
// A and B are one block, L sees its answers.
const char* const kModel =
    "vars: {dim: 8, heads: 2}\n"
    "data: {markov_text: {symbols: 6, order: 1, context: 8, train: 64, val: 16, test: 16}}\n"
    "model:\n"
    "  - embed: $dim\n"
    "  - repeat: 2\n"
    "    pattern: AF\n"
    "    A: {residual: [{norm: rms}, {attention: {heads: $heads, causal: true}}]}\n"
    "    B: {residual: [{norm: rms}, {attention: {heads: $heads, causal: true}}]}\n"
    "    F: {residual: [{norm: rms}, {ffn: {expand: 2}}]}\n"
    "    L: {residual: [{norm: rms}, {attention: {heads: $heads}}]}\n"
    "  - linear: $classes\n"
    "train: {batch: 8, optimizer: {adamw: {lr: 1e-2}}}\n";

const char* const kStudy =
    "base: model.yaml\n"
    "space: {model.1.pattern: {pattern: AF, length: 1..3}, vars.heads: {when: \"pattern has A\", "
    "values: [1, 2]}}\n"
    "objectives: {val.loss: min, flops: min}\n"
    "budget: {steps: 9}\n"
    "search: {method: {nsga2: {population: 4}}, trials: 7, lag: 2}\n";

class Silent : public ModelSearchWatch {
 public:
  void on_trial_end(const Trial& t) override { ended.push_back(t); }

  StudyProgress& finals() override { return silent_; }

  std::vector<Trial> ended;

 private:
  StudyProgress silent_;
};

class ModelSearch : public ::testing::Test {
 protected:
  ModelSearch() { replace_file(folder_.path("model.yaml"), kModel); }

  Spec spec(const std::string& yaml) {
    replace_file(folder_.path("s.yaml"), yaml);
    return load_spec(folder_.path("s.yaml"));
  }

  ModelSearchResult search(const std::string& yaml, const std::string& out = "out",
                           std::function<bool()> stop = {}) {
    ModelSpace models(spec(yaml));
    return search_models(
        models, {.folder = folder_.path(out), .stop = std::move(stop), .program = ""}, watch_);
  }

  std::string list(const std::string& out) { return TrialStore::view(folder_.path(out)).dump(); }

  const test::TempFolder folder_;
  const test::OneThread one_;
  Silent watch_;
};

TEST_F(ModelSearch, TrialsAreTrainedAndToldWithWhatWasBuilt) {
  const ModelSearchResult r = search(kStudy);
  EXPECT_FALSE(r.stopped);
  ASSERT_EQ(r.findings.trials.size(), 7u);
  std::set<std::string> keys;
  for (const FoundTrial& t : r.findings.trials) {
    EXPECT_FALSE(t.outcome.failed) << t.reason;
    ASSERT_EQ(t.outcome.losses.size(), 2u);
    const auto run = read_run_record(folder_.path(str("out/runs/trial-", t.number)));
    ASSERT_TRUE(run);
    EXPECT_EQ(run->steps, 9);
    EXPECT_EQ(run->seed, kSearchSeed);
    EXPECT_EQ(*run->best->find("val.loss"), t.outcome.losses[0]);
    EXPECT_EQ(t.at_rungs.size(), 1u);
    keys.insert(t.key);
  }
  EXPECT_EQ(keys.size(), 7u);
  EXPECT_GT(r.answer.volume, 0);
  const bool made = std::ranges::any_of(r.findings.trials,
                                        [](const FoundTrial& t) { return !t.parents.empty(); });
  EXPECT_TRUE(made) << "who a trial was made from is known";
  const Json json = load_json(folder_.path("out/results.json"));
  EXPECT_EQ(json["trials"].size(), 7u);
  EXPECT_EQ(json["front"].size(), r.answer.front.size());
  EXPECT_EQ(json["objectives"][0]["reference_from"], "worst trial");
  const std::string csv = read_file(folder_.path("out/trials.csv"));
  EXPECT_EQ(csv.substr(0, csv.find('\n')),
            "trial,key,space.model.1.pattern,space.vars.heads,val.loss,flops,violation,state,"
            "reason");
  EXPECT_EQ(std::ranges::count(csv, '\n'), 8);
}

TEST_F(ModelSearch, StoppedAnywhereItGoesOnToTheSameList) {
  search(kStudy, "whole");
  int64_t sessions = 0;
  for (; sessions < 200; ++sessions) {
    int asked = 0;
    if (!search(kStudy, "out", [&] { return ++asked > 25; }).stopped) break;
  }
  EXPECT_GT(sessions, 1);
  EXPECT_EQ(list("out"), list("whole"));
  EXPECT_EQ(read_file(folder_.path("out/trials.csv")), read_file(folder_.path("whole/trials.csv")));
  EXPECT_EQ(test::error_of([&] {
              search(std::string(kStudy) + "where: heads > 1\n", "out");
            }).help.empty(),
            false)
      << "another search";
}

TEST_F(ModelSearch, WhatIsOneStructureIsTrainedOnceAndASpaceEnds) {
  const ModelSearchResult r = search(
      "base: model.yaml\nspace: {model.1.pattern: {pattern: ABF, length: 1..2}}\n"
      "objectives: {val.loss: min}\nbudget: {steps: 2}\nsearch: {method: random, trials: "
      "40, lag: 2}\n");
  EXPECT_EQ(r.findings.trials.size(), 2u + 4u);
  EXPECT_TRUE(r.findings.exhausted);
  EXPECT_EQ(r.answer.front.size(), 1u);
}

// How long it is trained is part of what is tried, where no budget says it.
TEST_F(ModelSearch, LengthsOfTrainingAreDifferentTrials) {
  for (const char* path : {"train.steps", "train.epochs"}) {
    const ModelSearchResult r = search(
        str("base: model.yaml\nspace: {", path, ": [2, 1, 3]}\nobjectives: {val.loss: min}\n",
            "search: {method: grid, trials: 3}\n"),
        path);
    ASSERT_EQ(r.findings.trials.size(), 3u) << path;
    EXPECT_FALSE(r.findings.exhausted);
    const auto first = read_run_record(folder_.path(str(path, "/runs/trial-0"))),
               second = read_run_record(folder_.path(str(path, "/runs/trial-1")));
    EXPECT_EQ(first->steps, 2 * second->steps);
  }
}

// More than the machine has: a result with a reason, not the end of the search.
TEST_F(ModelSearch, AModelTooLargeForMemoryIsRefused) {
  const ModelSearchResult r = search(
      "base: model.yaml\nset: {model.1.F.residual.1.ffn: {width: 8}}\n"
      "space: {model.1.F.residual.1.ffn.width: [8, 1000000000, 16]}\nobjectives: {val.loss: min}\n"
      "budget: {steps: 2}\nsearch: {method: grid, trials: 3}\n");
  EXPECT_EQ(r.answer.refused, 1);
  ASSERT_EQ(r.findings.trials.size(), 3u);
  EXPECT_EQ(r.findings.trials[1].reason.find("training needs "), 0u) << r.findings.trials[1].reason;
  EXPECT_FALSE(r.findings.trials[2].outcome.failed);
}

// It can be built and not be trained: a result with a reason.
TEST_F(ModelSearch, ARefusedTrialHasItsReason) {
  const ModelSearchResult r = search(
      "base: model.yaml\nspace: {model.1.pattern: {pattern: FL, length: 1}}\n"
      "objectives: {val.loss: min}\nbudget: {steps: 2}\nsearch: {method: random, trials: "
      "9}\nfinalists: {count: 2, seeds: 2}\n");
  EXPECT_EQ(r.answer.refused, 1);
  ASSERT_EQ(r.findings.trials.size(), 2u);
  for (const FoundTrial& t : r.findings.trials) {
    EXPECT_EQ(t.refused, t.point.genes[0].letters == "L");
    EXPECT_EQ(t.refused, !t.reason.empty());
  }
  ASSERT_EQ(r.field.left_out.size(), 1u);
  EXPECT_EQ(r.field.left_out[0].first, "only-L");
}

TEST_F(ModelSearch, RungsPauseAndOnlyTheBestGoOn) {
  const ModelSearchResult r = search(
      "base: model.yaml\nspace: {model.1.pattern: {pattern: AF, length: 1..3}}\n"
      "objectives: {val.loss: min}\nbudget: {steps: 18}\nsearch: {method: random, trials: "
      "9, lag: 2, rungs: {keep: 1/3}}\n");
  ASSERT_EQ(r.findings.trials.size(), 9u);
  int64_t whole = 0;
  for (const FoundTrial& t : r.findings.trials) {
    whole += t.whole;
    EXPECT_EQ(t.whole, t.at_rungs.size() == 3u);
    const auto run = read_run_record(folder_.path(str("out/runs/trial-", t.number)));
    ASSERT_TRUE(run);
    EXPECT_EQ(run->steps, t.whole ? 18 : t.at_rungs.size() == 1 ? 2 : 6);
  }
  EXPECT_GE(whole, 1);
  EXPECT_LT(whole, 4);
  EXPECT_TRUE(r.findings.trials[r.answer.front[0]].whole);
}

// The second has more symbols: at the same number of parameters its models are narrower.
const char* const kTasks =
    "base: model.yaml\n"
    "tasks: [{name: few, vars.heads: 1}, {name: many, data: {markov_text: {symbols: 20, order: 1, "
    "context: 8, train: 64, val: 16, test: 16}}}]\n"
    "space: {model.1.pattern: {pattern: AF, length: 1..3}}\n"
    "match: {params: 2k, free: vars.dim, tolerance: 20%}\n"
    "objectives: {val.loss: min, flops: min}\n"
    "budget: {steps: 9}\n"
    "search: {method: {nsga2: {population: 4}}, trials: 6, lag: 2}\n";

TEST_F(ModelSearch, APointIsTrainedOnEveryTaskAndJudgedByItsMean) {
  const ModelSearchResult r = search(kTasks);
  ASSERT_EQ(r.findings.trials.size(), 6u);
  EXPECT_EQ(r.findings.tasks, (std::vector<std::string>{"few", "many"}));
  std::set<std::string> keys;
  for (const FoundTrial& t : r.findings.trials) {
    ASSERT_FALSE(t.outcome.failed) << t.reason;
    double loss = 0, flops = 0;
    for (size_t k = 0; k < 2; ++k) {
      const auto run =
          read_run_record(folder_.path(str("out/runs/trial-", t.number, "@", r.findings.tasks[k])));
      ASSERT_TRUE(run);
      EXPECT_EQ(run->steps, 9);
      EXPECT_EQ(*run->best->find("val.loss"), t.on_tasks[k][0]);
      loss += t.on_tasks[k][0] / 2;
      flops += t.on_tasks[k][1] / 2;
    }
    EXPECT_DOUBLE_EQ(t.outcome.losses[0], loss);
    EXPECT_DOUBLE_EQ(t.outcome.losses[1], flops);
    EXPECT_NE(t.on_tasks[0][1], t.on_tasks[1][1]) << "each is matched on its own data";
    keys.insert(t.key);
  }
  EXPECT_EQ(keys.size(), 6u);
  const Json json = load_json(folder_.path("out/results.json"));
  EXPECT_EQ(json["tasks"], (Json{"few", "many"}));
  EXPECT_EQ(json["trials"][0]["on_tasks"]["many"]["val.loss"], r.findings.trials[0].on_tasks[1][0]);
  const std::string csv = read_file(folder_.path("out/trials.csv"));
  EXPECT_EQ(csv.substr(0, csv.find('\n')),
            "trial,key,space.model.1.pattern,val.loss,flops,val.loss@few,flops@few,val.loss@many,"
            "flops@many,violation,state,reason");
}

TEST_F(ModelSearch, WithTasksItGoesOnToTheSameListToo) {
  const std::string yaml = std::string(kTasks) + "jobs: 1\n";
  const std::string rungs = yaml.substr(0, yaml.find("lag: 2")) + "lag: 2, rungs: {keep: 1/3}}\n";
  search(rungs, "whole");
  int64_t sessions = 0;
  for (; sessions < 300; ++sessions) {
    int asked = 0;
    if (!search(rungs, "out", [&] { return ++asked > 15; }).stopped) break;
  }
  EXPECT_GT(sessions, 1);
  EXPECT_EQ(list("out"), list("whole"));
  const ModelSearchResult r = search(rungs, "out");
  EXPECT_EQ(read_file(folder_.path("out/trials.csv")), read_file(folder_.path("whole/trials.csv")));
  for (const FoundTrial& t : r.findings.trials)
    for (const char* task : {"few", "many"}) {
      const auto run = read_run_record(folder_.path(str("out/runs/trial-", t.number, "@", task)));
      ASSERT_TRUE(run);
      EXPECT_EQ(run->steps, t.whole ? 9 : t.at_rungs.size() == 1 ? 1 : 3) << "both go on, or none";
    }
}

TEST_F(ModelSearch, ATrialThatCannotBeTrainedOnOneTaskIsRefusedOnAll) {
  const ModelSearchResult r = search(
      "base: model.yaml\nspace: {model.1.pattern: {pattern: FL, length: 1}}\n"
      "tasks: [{name: causal, model.1.L.residual.1.attention.causal: true}, {name: open}]\n"
      "objectives: {val.loss: min}\nbudget: {steps: 2}\nsearch: {method: random, trials: 9}\n");
  EXPECT_EQ(r.answer.refused, 1);
  ASSERT_EQ(r.findings.trials.size(), 2u);
  for (const FoundTrial& t : r.findings.trials) {
    EXPECT_EQ(t.refused, t.point.genes[0].letters == "L");
    EXPECT_EQ(t.refused, !t.reason.empty());
  }
}

TEST_F(ModelSearch, FinalistsAreJudgedByTheirMeanOverTasks) {
  const ModelSearchResult r = search(std::string(kTasks) + "finalists: {count: 2, seeds: 2}\n");
  ASSERT_TRUE(r.judged.best);
  ASSERT_EQ(r.judged.judged.size(), r.field.all.size());
  EXPECT_EQ(r.finals->plan.variants.size(), 2 * r.field.all.size());
  for (size_t f = 0; f < r.field.all.size(); ++f)
    for (size_t s = 0; s < 2; ++s) {
      double mean = 0;
      for (const char* task : {"few", "many"})
        mean += *read_run_record(folder_.path(str("out/finalists/runs/", r.field.all[f].name, "@",
                                                  task, "-s", s + 1)))
                     ->test->find("test.loss") /
                2;
      EXPECT_DOUBLE_EQ(r.judged.values[f][s], mean);
    }
  const Json first = load_json(folder_.path("out/results.json"))["finalists"]["finalists"][0];
  const std::string name = first["name"];
  EXPECT_EQ(first["files"],
            (Json{"finalists/" + name + "@few.yaml", "finalists/" + name + "@many.yaml"}));
  const Spec own = load_spec(folder_.path("out/finalists/" + name + "@many.yaml"),
                             std::vector<std::string>{"train.seed=2"});
  Progress silent;
  run_training(open_experiment(own), {.folder = folder_.path("again")}, silent);
  EXPECT_EQ(
      numbers_text(*read_run_record(folder_.path("again"))),
      numbers_text(*read_run_record(folder_.path("out/finalists/runs/" + name + "@many-s2"))));
}

TEST_F(ModelSearch, FinalistsStandBesideBaseAndSingleLetters) {
  const std::string yaml = std::string(kStudy) + "finalists: {count: 2, seeds: 2}\n";
  const ModelSearchResult r = search(yaml);
  ASSERT_TRUE(r.finals);
  std::vector<std::string> names;
  std::set<std::string> keys;
  for (const Finalist& f : r.field.all) {
    names.push_back(f.name);
    EXPECT_TRUE(keys.insert(f.key).second) << f.name << " stands there twice";
  }
  EXPECT_GE(names.size(), 3u);
  EXPECT_LE(names.size(), 2u + 1 + 2);
  EXPECT_TRUE(names[0].starts_with("trial-")) << names[0];
  EXPECT_EQ(r.finals->plan.study.seeds, (std::vector<int64_t>{1, 2}));
  ASSERT_TRUE(r.judged.best);
  EXPECT_EQ(r.judged.judged.size(), names.size());
  EXPECT_EQ(r.judged.values[0].size(), 2u);
  EXPECT_EQ(r.judged.best->kept.size(), names.size()) << "as compare says: a claim takes 3";
  const Json json = load_json(folder_.path("out/results.json"));
  EXPECT_EQ(json["finalists"]["finalists"].size(), names.size());
  for (const Json& f : json["finalists"]["finalists"]) {
    EXPECT_GT(f["step_ms"].get<double>(), 0);
    EXPECT_GT(f["token_ms"].get<double>(), 0);
  }
  EXPECT_EQ(json["finalists"]["finalists"][0]["file"], "finalists/" + names[0] + ".yaml");
  // An ordinary file, which gives what was judged.
  const Spec own = load_spec(folder_.path("out/finalists/" + names[0] + ".yaml"),
                             std::vector<std::string>{"train.seed=2"});
  Progress silent;
  const std::string again = folder_.path("again");
  run_training(open_experiment(own), {.folder = again}, silent);
  EXPECT_EQ(numbers_text(*read_run_record(again)),
            numbers_text(*read_run_record(folder_.path("out/finalists/runs/" + names[0] + "-s2"))));
  // Once more: nothing is trained again.
  watch_.ended.clear();
  EXPECT_EQ(search(yaml).judged.values, r.judged.values);
  EXPECT_TRUE(watch_.ended.empty());
}
}  // namespace
}  // namespace cambium::model_search_test
