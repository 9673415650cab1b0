// Variants may be trained on what they like, and are judged by the same.
#include "core/hash.h"
#include "core/rng.h"
#include "core/system/files.h"
#include "data/assembly/build.h"
#include "search/results/results.h"
#include "search/runs/compare.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"
#include "train/record/run_record.h"

namespace cambium::other_judges_test {
namespace {
// So many letters, each drawn from those of `unit`.
std::string drawn_from(std::string_view unit, int n = 2000) {
  Random random(hash_text(unit), 1);
  std::string all;
  for (int i = 0; i < n; ++i) all += unit[random.below(uint32_t(unit.size()))];
  return all;
}

class TwoTexts : public testing::Test {
 protected:
  TwoTexts() {
    replace_file(path("a.txt"), drawn_from("abcab"));
    replace_file(path("b.txt"), drawn_from("xyzzy"));
    replace_file(path("model.yaml"),
                 str("vars: {file: ", path("a.txt"),
                     ", width: 12}\n"
                     "data: {text_bytes: {path: $file, context: $width, test: 0.1}}\n"
                     "model: [{embed: 4}, {linear: $classes}]\n"
                     "train: {batch: 4, steps: 20, optimizer: {adamw: {lr: "
                     "0.05}}}\n"));
  }

  std::string path(const std::string& name) const { return folder_.path(name); }

  Study study(const std::string& rest, const std::string& variants = "") {
    replace_file(
        path("study.yaml"),
        str("base: model.yaml\nseeds: 3\nvariants:\n  on_a: {}\n",
            variants.empty() ? str("  on_b: {vars.file: ", path("b.txt"), "}\n") : variants, rest));
    return load_study(path("study.yaml"));
  }

  std::string set(const std::string& name) const {
    return str("{text_bytes: {path: ", path(name), ", context: $width, test: 0.1}}");
  }

  test::TempFolder folder_;
};

TEST_F(TwoTexts, AreNotComparedByTheirOwnHeldOutParts) {
  const UserError e = test::error_of([&] { plan_study(study("metric: {val.loss: min}\n")); });
  EXPECT_NE(std::string_view(e.what()).find(
                "'on_b' is judged by other examples than 'on_a': val.loss of both says nothing"),
            std::string_view::npos)
      << e.what();
  EXPECT_NE(e.help.find("metric: val.loss.NAME"), e.help.npos);
}

// What is held out begins alike, and ends otherwise.
TEST_F(TwoTexts, ThatAreHeldOutAlikeInPartAreNotCompared) {
  std::string text = read_file(path("a.txt"));
  text.back() = text.back() == 'a' ? 'b' : 'a';
  replace_file(path("b.txt"), text);
  const UserError e = test::error_of([&] { plan_study(study("metric: {val.loss: min}\n")); });
  EXPECT_NE(std::string_view(e.what()).find("is judged by other examples"), std::string_view::npos);
  // Nor where windows differ too, and so no window is another's.
  const std::string wide = str("  wide: {vars.file: ", path("c.txt"), ", vars.width: 24}\n");
  std::string other = read_file(path("a.txt"));
  other[other.size() - 100] = other[other.size() - 100] == 'a' ? 'b' : 'a';
  replace_file(path("c.txt"), other);
  const UserError f = test::error_of([&] { plan_study(study("metric: {val.loss: min}\n", wide)); });
  EXPECT_NE(std::string_view(f.what()).find("is judged by other examples"), std::string_view::npos);
}

TEST_F(TwoTexts, AreComparedByASetThatStandsApart) {
  StudyProgress silent;
  const Study s = study(
      str("evaluate: {a: ", set("a.txt"), ", b: ", set("b.txt"), "}\nmetric: {val.loss.b: min}\n"));
  const Comparison c = compare(s, {.folder = path("out"), .program = ""}, silent);
  const ResultRow &on_a = c.results.rows.at(0), &on_b = c.results.rows.at(1);
  EXPECT_EQ(on_a.n, 3);
  EXPECT_LT(on_b.mean + 1, on_a.mean);  // nats of the text that on_b was trained on
  const RunRecord run = read_run_record(path("out/runs/on_b-s0")).value();
  EXPECT_TRUE(run.test->find("test.loss.b"));
}

TEST_F(TwoTexts, WindowsOfOtherLengthsAskTheSame) {
  EXPECT_NO_THROW(plan_study(study("metric: {val.loss: min}\n", "  wide: {vars.width: 24}\n")));
}

// Two sources whose windows take turns: the order of all tells how they are cut, that of each not.
TEST_F(TwoTexts, SourcesOfACorpusAskTheSameInAnyWindows) {
  for (const char* name : {"a.txt", "b.txt"}) {
    std::string text = drawn_from(name, 6000);
    for (size_t i = 99; i < text.size(); i += 100) text[i] = '\n';
    replace_file(path(name), text);
  }
  replace_file(path("recipe.yaml"), str("sources: {a: {path: ", path("a.txt"),
                                        ", split: line}, b: {path: ", path("b.txt"),
                                        ", split: line}}\nsplit: {val: 30%, test: 20%}\n"));
  build_corpus(load_recipe(path("recipe.yaml")), path("built"), {});
  const auto on = [&](const std::string& name, const char* options) {
    return str("  ", name, ": {data: {corpus: {path: ", path("built"), ", ", options, "}}}\n");
  };
  const auto planned = [&](const std::string& variants) {
    replace_file(path("study.yaml"), str("base: model.yaml\nseeds: 3\nvariants:\n", variants,
                                         "metric: {val.loss: min}\n"));
    return plan_study(load_study(path("study.yaml")));
  };
  EXPECT_NO_THROW(planned(on("narrow", "context: 12") + on("wide", "context: 29")));
  // As much of the same text, or other examples.
  const UserError e = test::error_of([&] {
    planned(on("few", "context: 12, held_out: 8") + on("many", "context: 29, held_out: 60"));
  });
  EXPECT_NE(std::string_view(e.what()).find("'many' is judged by other examples than 'few'"),
            std::string_view::npos)
      << e.what();
}

TEST_F(TwoTexts, LossesByOtherSymbolsAreNotCompared) {
  const std::string chars =
      str("  chars: {data: {text_chars: {path: ", path("a.txt"), ", context: 12, test: 0.1}}}\n");
  const UserError e =
      test::error_of([&] { plan_study(study("metric: {val.loss: min}\n", chars)); });
  EXPECT_NE(std::string_view(e.what()).find("answers in other symbols than 'on_a'"),
            std::string_view::npos)
      << e.what();
  EXPECT_EQ(e.help, "judge by metric: val.bits_per_byte");
  EXPECT_NO_THROW(plan_study(study("metric: {val.bits_per_byte: min}\n", chars)));
}

TEST_F(TwoTexts, AMetricOfNoSetIsRefusedWhereItStands) {
  const UserError e = test::error_of([&] {
    plan_study(study(str("evaluate: {a: ", set("a.txt"), "}\nmetric: {val.loss.c: min}\n")));
  });
  EXPECT_NE(std::string_view(e.what()).find("nothing to evaluate is called 'c'"),
            std::string_view::npos)
      << e.what();
}
}  // namespace
}  // namespace cambium::other_judges_test
