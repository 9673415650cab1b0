// Evaluation sets: what a model is judged by apart from what it learns from.
#include "train/spec/evaluation_sets.h"

#include "core/hash.h"
#include "core/rng.h"
#include "core/text/json.h"
#include "data/assembly/build.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"
#include "train/record/run_record.h"

namespace cambium::evaluation_sets_test {
namespace {
// So many letters, each drawn from those of `unit`.
std::string drawn_from(std::string_view unit, int n = 2000) {
  Random random(hash_text(unit), 1);
  std::string all;
  for (int i = 0; i < n; ++i) all += unit[random.below(uint32_t(unit.size()))];
  return all;
}

class Sets : public testing::Test {
 protected:
  Sets() {
    replace_file(folder_.path("train.txt"), drawn_from("abcab"));
    replace_file(folder_.path("alike.txt"), drawn_from("abcab"));
    replace_file(folder_.path("other.txt"), drawn_from("xyzzy"));
  }

  std::string text(const std::string& name, int context = 12) const {
    return str("{text_bytes: {path: ", folder_.path(name + ".txt"), ", context: ", context,
               ", test: 0.1}}");
  }

  Experiment open(const std::string& evaluate, const std::string& train = "",
                  const std::string& data = "") {
    return test::open_text(folder_,
                           str("data: ", data.empty() ? text("train") : data, "\n", evaluate,
                               "model: [{embed: 8}, {linear: $classes}]\n"
                               "train: {batch: 4, steps: 12, eval_every: 4",
                               train, ", optimizer: {adamw: {lr: 0.05}}}\n"));
  }

  std::string both() const {
    return str("evaluate: {alike: ", text("alike"), ", other: ", text("other"), "}\n");
  }

  test::TempFolder folder_;
  test::Remember progress_;
};

TEST_F(Sets, AreMeasuredAtEveryEvaluationAndInTheEnd) {
  const RunResult r = run_training(open(both()), {.folder = folder_.path("run")}, progress_);
  ASSERT_EQ(progress_.evaluations.size(), 3u);
  const Metrics& last = progress_.evaluations.back().metrics;
  ASSERT_EQ(last.parts.size(), 2u);
  // The same text, cut alike, is the same question.
  EXPECT_EQ(last.parts[0].metrics.loss, last.loss);
  EXPECT_LT(last.loss + 1, last.parts[1].metrics.loss);
  EXPECT_EQ(last.at("loss.other"), last.parts[1].metrics.loss);
  EXPECT_EQ(r.test->parts[0].metrics.loss, r.test->loss);
  const RunRecord run = read_run_record(folder_.path("run")).value();
  for (const char* name : {"test.loss", "test.loss.alike", "test.bits_per_byte.other"})
    EXPECT_TRUE(run.test->find(name)) << name;
  EXPECT_EQ(run.best->scored_by("val.loss.other"), last.parts[1].metrics.scored);
  EXPECT_EQ(run_record_from(to_json(run), "run.json"), run);
  const std::string log = read_file(folder_.path("run/log.jsonl"));
  EXPECT_NE(log.find("\"val.loss.other\":"), log.npos);
}

TEST_F(Sets, ChooseTheBestWeightsWhereTheSpecSaysSo) {
  // What is learned of the one text makes the other worse from the first step on.
  run_training(open(both(), ", best: val.loss.other"), {.folder = folder_.path("run")}, progress_);
  EXPECT_TRUE(progress_.evaluations.front().best);
  EXPECT_FALSE(progress_.evaluations.back().best);
}

TEST_F(Sets, ArePartOfWhatARunIsKnownBy) {
  run_training(open(both()), {.folder = folder_.path("run")}, progress_);
  replace_file(folder_.path("other.txt"), drawn_from("zyxxy"));
  const UserError e = test::error_of([&] {
    run_training(open(both()), {.folder = folder_.path("run"), .resume = true}, progress_);
  });
  EXPECT_NE(std::string_view(e.what()).find("these differ: evaluate.other (was "),
            std::string_view::npos)
      << e.what();
}

TEST_F(Sets, AreGoneOnWithAsTheyWere) {
  const Experiment e = open(both());
  run_training(e, {.folder = folder_.path("whole")}, progress_);
  run_training(e, {.folder = folder_.path("halves"), .pause_at = 6}, progress_);
  run_training(e, {.folder = folder_.path("halves"), .resume = true}, progress_);
  EXPECT_EQ(read_file(folder_.path("whole/log.jsonl")),
            read_file(folder_.path("halves/log.jsonl")));
  EXPECT_EQ(load_checkpoint(folder_.path("whole")).state.best->metrics,
            load_checkpoint(folder_.path("halves")).state.best->metrics);
}

// Data that is all for training, and a set that has both parts.
TEST_F(Sets, JudgeAlone) {
  const auto corpus = [&](const std::string& name, const std::string& split, const char* more) {
    std::string lines;
    for (int i = 0; i < 60; ++i) lines += drawn_from(name + str(i), 40) + "\n";
    replace_file(folder_.path(name), lines);
    replace_file(folder_.path(name + ".yaml"), str("sources: {a: {path: ", folder_.path(name),
                                                   ", split: line}}\nsplit: ", split, "\n"));
    build_corpus(load_recipe(folder_.path(name + ".yaml")), folder_.path(name + "-built"), {});
    return str("{corpus: {path: ", folder_.path(name + "-built"), ", context: 12", more, "}}");
  };
  const std::string data = corpus("all", "{val: 0, test: 0}", ", held_out: 0");
  const std::string set =
      str("evaluate: {judge: ", corpus("judge", "{val: 50%, test: 50%}", ""), "}\n");
  const Experiment e = open(set, ", best: val.loss.judge", data);
  const RunResult r = run_training(e, {.folder = folder_.path("run")}, progress_);
  EXPECT_TRUE(r.test_part);
  const RunRecord run = read_run_record(folder_.path("run")).value();
  EXPECT_TRUE(run.test->find("test.loss.judge"));
  EXPECT_FALSE(run.best->find("val.loss"));
  const UserError stop =
      test::error_of([&] { open(set, ", best: val.loss.judge, stop_at: 0.5", data); });
  EXPECT_NE(std::string_view(stop.what()).find("stop_at is an accuracy"), std::string_view::npos);
  const UserError unsaid = test::error_of([&] { open(set, "", data); });
  EXPECT_EQ(unsaid.mark.line, 2) << unsaid.what();
}

struct Wrong {
  std::string evaluate, train, what;
};

TEST_F(Sets, ThatCannotJudgeAreRefused) {
  const Wrong cases[] = {
      {"evaluate: books\n", "", "evaluate: is a map of names to data"},
      {str("evaluate: {\"a.b\": ", text("other"), "}\n"), "",
       "'a.b' cannot name an evaluation set"},
      {str("evaluate: {b: ", text("missing"), "}\n"), "", "missing.txt"},
      {str("evaluate: {b: ", text("other", 6), "}\n"), "",
       "a model of this data cannot be evaluated on 'b': its x is i32[1,6] an example, that of "
       "the "
       "training data i32[1,12]"},
      {"evaluate: {b: fashion_mnist_of_another_kind}\n", "", "fashion_mnist_of_another_kind"},
      {both(), ", best: val.loss.othr", "nothing to evaluate is called 'othr'"},
      {both(), ", best: loss.other", "'best' is no metric of an evaluation, got 'loss.other'"},
      {"", ", best: val.loss.other", "nothing to evaluate is called 'other'"}};
  for (const Wrong& c : cases) {
    const UserError e = test::error_of([&] { open(c.evaluate, c.train); });
    EXPECT_NE(std::string_view(e.what()).find(c.what), std::string_view::npos)
        << c.evaluate << c.train << ": " << e.what();
    EXPECT_TRUE(e.mark.known()) << c.what;
  }
}

TEST_F(Sets, OfOtherSymbolsAreRefused) {
  const auto chars = [&](const std::string& name) {
    return str("{text_chars: {path: ", folder_.path(name + ".txt"),
               ", context: 12, floor_order: 0}}");
  };
  replace_file(folder_.path("abx.txt"), drawn_from("abxab"));
  const UserError e =
      test::error_of([&] { open(str("evaluate: {b: ", chars("abx"), "}\n"), "", chars("train")); });
  EXPECT_NE(std::string_view(e.what()).find("its symbols are others"), std::string_view::npos)
      << e.what();
}
}  // namespace
}  // namespace cambium::evaluation_sets_test
