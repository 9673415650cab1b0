// cambium search and check on a search over models: what they print, write and refuse.
#include <cmath>
#include <filesystem>
#include <map>
#include <regex>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/test_data.h"
#include "tests/support/one_thread.h"

namespace cambium::model_search_app_test {
namespace {
class SearchOfModels : public ::testing::Test {
 protected:
  SearchOfModels() {
    replace_file(
        path("model.yaml"),
        "vars: {dim: 8, wide: 8}\n"
        "data: {markov_text: {symbols: 6, order: 1, context: 8, train: 64, val: 16, test: 16}}\n"
        "model:\n  - embed: $dim\n  - repeat: 1\n    pattern: G\n"
        "    G: {residual: [{norm: rms}, min_gru]}\n"
        "    F: {residual: [{norm: rms}, {ffn: {width: $wide}}]}\n"
        "  - linear: $classes\n"
        "train: {batch: 8, optimizer: {adamw: {lr: 1e-2}}}\n");
    replace_file(path("s.yaml"),
                 "base: model.yaml\n"
                 "space: {model.1.pattern: {pattern: GF, length: 1..3}}\n"
                 "match: {params: 1k, free: [vars.dim, vars.wide], tolerance: 20%}\n"
                 "objectives: {val.accuracy: max, state_bytes: min}\n"
                 "budget: {steps: 6}\n"
                 "search: {method: random, trials: 5, lag: 2}\n"
                 "finalists: {count: 2, seeds: 3}\n");
  }

  std::string path(const std::string& name) const { return folder_.path(name); }

  test::Ran search(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"search", path("s.yaml"), "-o", path("out"), "--jobs", "1"});
    return test::run_words(more);
  }

  const test::TempFolder folder_;
  const test::OneThread one_;
};

// Somebody's files, a run, and results of another kind stay as they are.
TEST_F(SearchOfModels, NothingIsWrittenIntoAFolderOfOtherThings) {
  replace_file(path("c.yaml"),
               "base: model.yaml\nvariants: {a: {}}\nseeds: 1\nbudget: {steps: 4}\n");
  replace_file(path("t.yaml"),
               "base: model.yaml\ntune: {space: {vars.dim: [4, 8]}, trials: 2}\n"
               "budget: {steps: 4}\n");
  replace_file(path("l.yaml"),
               "base: model.yaml\nscale: {free: vars.dim, params: [500, 2k], sizes: 2, "
               "tokens_per_param: [1]}\n");
  for (const auto& [file, named] : std::map<std::string, std::string>{
           {"report.html", "than "}, {"run.json", "a training run, and this is a"}}) {
    make_folders(path("held"));
    replace_file(path("held/" + file), std::string_view("{}"));
    for (const auto& [command, study] : std::map<std::string, std::string>{{"search", "s.yaml"},
                                                                           {"compare", "c.yaml"},
                                                                           {"tune", "t.yaml"},
                                                                           {"scale", "l.yaml"}}) {
      const test::Ran ran = test::run_words({command, path(study), "-o", path("held")});
      EXPECT_EQ(ran.code, 1) << command << ran.out;
      EXPECT_NE(ran.err.find("' holds "), std::string::npos) << command << ran.err;
      EXPECT_NE(ran.err.find(named), std::string::npos) << command << ran.err;
      EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path("held")), {}), 1);
    }
    std::filesystem::remove_all(path("held"));
  }
}

// The finalists' differences point as those of the study below them: of a loss, below zero is
// better. Two trainings of each claim nothing in either.
TEST_F(SearchOfModels, FinalistsAndTheirStudySpeakAlike) {
  const auto of_loss = [&](const std::string& seeds) {
    return search({"--set", "objectives={val.loss: min}", "--set", "finalists.seeds=" + seeds});
  };
  const test::Ran two = of_loss("2");
  EXPECT_EQ(two.code, 0) << two.err;
  EXPECT_NE(two.out.find("; a claim takes 3 trainings of each\n"), std::string::npos) << two.out;
  EXPECT_EQ(two.out.find("is the best"), std::string::npos) << two.out;
  const test::Ran ran = of_loss("3");
  const std::regex row("([0-9.]+) +(-?[0-9.e-]+) to (-?[0-9.e-]+) ");
  double least = HUGE_VAL, sum = 0;
  const std::string table = ran.out.substr(0, ran.out.find("\nvariant "));
  for (std::sregex_iterator m(table.begin(), table.end(), row), end; m != end; ++m) {
    const double mean = std::stod((*m)[1]);
    if (mean < least) sum = std::stod((*m)[2]) + std::stod((*m)[3]);
    least = std::min(least, mean);
  }
  ASSERT_LT(least, HUGE_VAL) << ran.out;
  EXPECT_LE(sum, 0) << ran.out;
}

TEST_F(SearchOfModels, NoResultIsNoSuccess) {
  const test::Ran ran =
      search({"--set", "finalists=~", "--set", "set={train.optimizer: {sgd: {lr: 1e30}}}"});
  EXPECT_EQ(ran.code, 2) << ran.out;
  EXPECT_NE(ran.err.find("no trial has a result that fulfils what was asked for; the first: "),
            std::string::npos)
      << ran.err;
  replace_file(path("t.csv"), "k,v\na,1\nb,2\n");
  replace_file(path("s.yaml"),
               "base: {table: t.csv, key: k}\nspace: table\nobjectives: {v: min}\nwhere: v > 9\n");
  const test::Ran table = test::run_words({"search", path("s.yaml"), "-o", path("table")});
  EXPECT_EQ(table.code, 2) << table.out;
  EXPECT_NE(table.err.find("no trial has a result that fulfils what was asked for\n"),
            std::string::npos)
      << table.err;
}

// What is wrong with a file is not said after it was called good.
TEST_F(SearchOfModels, CheckCallsNoFileGoodThatIsNot) {
  replace_file(path("c.yaml"),
               "base: model.yaml\nvariants: {a: {}}\nbudget: {steps: 5}\n"
               "tune: {space: {vars.dim: [4, 8]}, trials: 4, rungs: {keep: 1/3}}\n");
  const test::Ran ran = test::run_words({"check", path("c.yaml"), path("model.yaml")});
  EXPECT_EQ(ran.code, 1) << ran.out;
  EXPECT_EQ(ran.out.find("c.yaml"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("ok  " + path("model.yaml")), std::string::npos) << ran.out;
}

TEST_F(SearchOfModels, ProxiesStandBesideFlops) {
  const test::Ran ran = search({"--proxies", "--set", "finalists=~"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  const size_t table = ran.out.find(
      "proxies: how they rank the trained models as val.accuracy does (Kendall tau)\nproxy ");
  ASSERT_NE(table, std::string::npos) << ran.out;
  EXPECT_EQ(ran.out.find("\nflops ", table),
            ran.out.find('\n', ran.out.find("\nproxy ", table) + 1))
      << "first: " << ran.out;
  for (const char* name : {"\nparams ", "\nsynflow ", "\ngrad_norm ", "\njacobian ", "\nnwot "})
    EXPECT_NE(ran.out.find(name, table), std::string::npos) << name;
  const Json j = parse_json(search({"--proxies", "--set", "finalists=~", "--json"}).out, "out");
  ASSERT_EQ(j["proxies"].size(), 6u);
  EXPECT_EQ(j["proxies"][0]["proxy"], "flops");
}

TEST_F(SearchOfModels, PrintsWhatItFoundAndWritesIt) {
  const test::Ran ran = search();
  EXPECT_EQ(ran.code, 0) << ran.err;
  for (const char* text : {"5 trials by random, lag 2, seed 0; val.accuracy max, state_bytes min\n",
                           "front: ", "hypervolume ", "(the worst trial)", "model.1.pattern=",
                           "finalists by trainings that "
                           "chose nothing",
                           "base", "multiple comparisons with the best, 95 %", "paired difference",
                           "results.json, trials.csv, report.html and finalists/*.yaml"})
    EXPECT_NE(ran.out.find(text), std::string::npos) << text << "\n" << ran.out;
  for (const char* text : {"trial   0  val.accuracy ", "finals  trial-"})
    EXPECT_NE(ran.err.find(text), std::string::npos) << text << "\n" << ran.err;
  const Json j = load_json(path("out/results.json"));
  EXPECT_EQ(j["trials"].size(), 5u);
  EXPECT_TRUE(j["command"].get<std::string>().starts_with("cambium search "));
  const std::string page = read_file(path("out/report.html"));
  for (const char* text : {"No trial beats the ", "All trials", "Finalists"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  EXPECT_EQ(test::run_words({"report", path("out")}).code, 0);
  EXPECT_EQ(read_file(path("out/report.html")), page);
  EXPECT_NE(read_file(path("out/pictures/front.svg")).find("finalists: "), std::string::npos);
  const test::Ran again = search({"--json"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(parse_json(again.out, "out")["trials"], j["trials"]);
  const test::Ran more = search({"--set", "search.trials=6"});
  EXPECT_EQ(more.code, 0) << more.err;
  EXPECT_EQ(load_json(path("out/results.json"))["trials"].size(), 6u);
  const test::Ran other = search({"--set", "search.seed=3"});
  EXPECT_EQ(other.code, 1);
  EXPECT_NE(other.err.find("seed"), std::string::npos) << other.err;
}

TEST_F(SearchOfModels, IsCheckedWithoutTraining) {
  const test::Ran ran = test::run_words({"check", path("s.yaml")});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("s.yaml: 5 trials by random; the base: "), std::string::npos) << ran.out;
  const test::Ran wrong = test::run_words(
      {"check", path("s.yaml"), "--set", "search.trials=x", "--set", "where=dmi > 2"});
  EXPECT_EQ(wrong.code, 1);
  for (const char* text : {"'trials' ", "asks for 'dmi'", "did you mean 'dim'?"})
    EXPECT_NE(wrong.err.find(text), std::string::npos) << text << "\n" << wrong.err;
}

TEST_F(SearchOfModels, OtherFilesAreToldApart) {
  const test::Ran model = test::run_words({"search", path("model.yaml")});
  EXPECT_EQ(model.code, 1);
  EXPECT_NE(model.err.find("is a model, and this takes a study"), std::string::npos) << model.err;
  const test::Ran compare = test::run_words({"compare", path("s.yaml")});
  EXPECT_EQ(compare.code, 1);
  EXPECT_NE(compare.err.find("is a search"), std::string::npos) << compare.err;
}
}  // namespace
}  // namespace cambium::model_search_app_test
