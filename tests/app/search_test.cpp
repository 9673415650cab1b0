// cambium search on a small table: what it prints, what it writes, what it refuses.
#include <filesystem>

#include <gtest/gtest.h>

#include "app/tables/search/search_table.h"
#include "core/system/files.h"
#include "core/system/lock.h"
#include "core/text/json.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/test_data.h"

namespace cambium::search_test {
namespace {
class Search : public ::testing::Test {
 protected:
  Search() {
    std::string table = "key,acc,acc_1,acc_2,cost,seconds\n";
    for (int i = 0; i < 64; ++i) {
      const int a = i / 16, b = i / 4 % 4, c = i % 4;
      table += str(a, b, c, ",", 50 + 3 * a + b - c, ",", 50 + 3 * a + b, ",", 50.5 + 3 * a + b,
                   ",", a * a + b + 1, ",", 10 + a, "\n");
    }
    replace_file(path("t.csv"), table);
    replace_file(path("s.yaml"), kStudy);
  }

  std::string path(const std::string& name) const { return folder_.path(name); }

  test::Ran search(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"search", path("s.yaml"), "-o", path("out")});
    return test::run_words(more);
  }

  static constexpr std::string_view kStudy =
      "base: {table: t.csv, key: key, seconds: seconds}\n"
      "space: {key: {pattern: \"0123\", length: 3}}\n"
      "objectives: {acc: max}\n"
      "search: {method: evolution, trials: 40}\n"
      "finalists: {count: 3, judged_by: [acc_1, acc_2]}\n";
  test::TempFolder folder_;
};

TEST_F(Search, PrintsTheBestBesideUniformDraws) {
  const test::Ran ran = search();
  EXPECT_EQ(ran.code, 0) << ran.err;
  for (const char* text :
       {"40 trials by evolution (population=20,sample=5), lag 8, seed 0; acc max\n",
        "the space has 64 of the table's 64 rows\n", "best there is", "uniform draws",
        "expected best of 40", "finalists by 2 trainings", "key[0]", "simulated time"})
    EXPECT_NE(ran.out.find(text), std::string::npos) << text << "\n" << ran.out;
  const Json j = load_json(path("out/results.json"));
  EXPECT_EQ(j["trials"].size(), 40u);
  EXPECT_EQ(j["best_of_table"], 62);
  EXPECT_LE(j["best"].get<double>(), 62);
  EXPECT_LT(j["random_expected_best"].get<double>(), 62);
  EXPECT_EQ(j["simulated"][0]["workers"], 1);
  const std::string csv = read_file(path("out/trials.csv"));
  EXPECT_EQ(csv.substr(0, csv.find('\n')), "trial,key,space.key,acc,violation,state,reason");
  EXPECT_EQ(std::ranges::count(csv, '\n'), 41);
}

// Four rows, a before b before c before d by all trainings.
class Finalists : public Search {
 protected:
  // What is printed when these keys have no acc_2.
  std::string without(const std::vector<std::string>& keys) {
    std::string table = "key,acc,acc_1,acc_2\n";
    for (const auto& [key, acc] : {std::pair("a", 9), {"b", 8}, {"c", 7}, {"d", 1}})
      table +=
          str(key, ",", acc, ",", acc, ",", std::ranges::count(keys, key) ? "" : str(acc), "\n");
    replace_file(path("t.csv"), table);
    replace_file(path("s.yaml"),
                 "base: {table: t.csv, key: key}\nspace: table\nobjectives: {acc: max}\n"
                 "finalists: {count: 3, judged_by: [acc_1, acc_2]}\n");
    return search().out;
  }
};

TEST_F(Finalists, AllJudgedHaveABest) {
  const std::string out = without({});
  EXPECT_NE(out.find("the best is a (multiple"), std::string::npos) << out;
  EXPECT_EQ(load_json(path("out/results.json"))["finalists"]["named"], "a");
}

TEST_F(Finalists, OneNotJudgedLeavesTheBestOfAllOpen) {
  const std::string out = without({"a"});
  for (const char* text : {"not judged: 'acc_2' is empty\n", "may be the best of those judged\n",
                           "b is the best of those judged (multiple",
                           "1 finalist not judged: which is the best of all is not known\n"})
    EXPECT_NE(out.find(text), std::string::npos) << text << "\n" << out;
  EXPECT_EQ(out.find("the best is"), std::string::npos) << out;
  const Json f = load_json(path("out/results.json"))["finalists"];
  EXPECT_TRUE(f["named"].is_null());
  EXPECT_EQ(f["named_of_judged"], "b");
  EXPECT_EQ(f["finalists"][2]["key"], "a");
  EXPECT_EQ(f["finalists"][2]["not_judged"], "acc_2");
}

TEST_F(Finalists, OfOneJudgedNothingIsSaid) {
  const std::string out = without({"a", "b"});
  for (const char* text : {"not judged: 'acc_2' is empty\n", "nothing to compare it with\n",
                           "fewer than two finalists have trainings that judge them\n"})
    EXPECT_NE(out.find(text), std::string::npos) << text << "\n" << out;
  EXPECT_EQ(out.find("best of"), out.find("best of 4")) << out;
  EXPECT_TRUE(load_json(path("out/results.json"))["finalists"]["named"].is_null());
}

// Groups are a quarter of these trials' variance (2 of 8); omega squared takes chance off.
TEST_F(Search, ATableHasNoProxies) {
  const test::Ran ran = search({"--proxies"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.err.find("--proxies looks at models, and a table has none"), std::string::npos)
      << ran.err;
  EXPECT_NE(ran.err.find("leave --proxies out"), std::string::npos) << ran.err;
}

TEST_F(Search, ImportanceSaysThatItIsAnEstimate) {
  replace_file(path("t.csv"), "k,i,acc\n0,0,0\n0,1,0\n0,2,0\n0,3,2\n1,0,2\n1,1,2\n1,2,2\n1,3,0\n");
  replace_file(path("s.yaml"),
               "base: {table: t.csv, key: [k, i]}\nspace: table\nobjectives: {acc: max}\n");
  const test::Ran ran = search();
  EXPECT_NE(ran.out.find("estimated share of the variance of acc, by one choice alone and "
                         "corrected for chance (omega squared), and 95 % interval\n"),
            std::string::npos)
      << ran.out;
  for (const Json& i : load_json(path("out/results.json"))["importance"]["acc"])
    if (i["of"] == "k") {
      EXPECT_NEAR(i["share"].get<double>(), (2 - 1.0) / (8 + 1.0), 1e-12);
    }
}

TEST_F(Search, FailedTrialsAreCounted) {
  replace_file(path("t.csv"), "key,acc,seconds\na,nan,1\nb,,1\nc,3,\n");
  replace_file(path("s.yaml"),
               "base: {table: t.csv, key: key, seconds: seconds}\nspace: table\n"
               "objectives: {acc: max}\n");
  const test::Ran ran = search();
  for (const char* text :
       {"\n2 trials failed: a result is empty or nan\n",
        "simulated time of the same trials, 1 of them without a duration and taken as none\n"})
    EXPECT_NE(ran.out.find(text), std::string::npos) << text << "\n" << ran.out;
  EXPECT_EQ(load_json(path("out/results.json"))["failed"], 2);
  replace_file(path("t.csv"), "key,acc,other,seconds\na,,1,1\nb,1,nan,1\n");
  std::filesystem::remove_all(path("out"));
  const test::Ran none = search({"--set", "objectives={acc: max, other: min}"});
  EXPECT_NE(none.out.find("\nno trial has a result\n"), std::string::npos) << none.out;
}

TEST_F(Search, PointsWithoutARowAreTold) {
  EXPECT_EQ(search().out.find("no row for"), std::string::npos);
  std::filesystem::remove_all(path("out"));
  const test::Ran ran = search({"--set", "space.key.length=2..3"});
  EXPECT_NE(ran.out.find("the space has 64 of the table's 64 rows\n16 of its 80 points have no row "
                         "and are passed over: no row for '00' (the table has '000')\n"),
            std::string::npos)
      << ran.out;
}

TEST_F(Search, AStoppedOneSaysOfHowMany) {
  const TableStudy study = load_table_study(path("s.yaml"));
  const TableSearch search = search_table(study, [](int64_t done) { return done == 12; });
  const std::string text = search_text(study, search, answer_of(study, search));
  EXPECT_EQ(text.substr(0, text.find(" by")), "12 of 40 trials");
}

TEST_F(Search, AgainGivesTheSameFiles) {
  search();
  const std::string json = read_file(path("out/results.json")),
                    csv = read_file(path("out/trials.csv"));
  search();
  EXPECT_EQ(read_file(path("out/results.json")), json);
  EXPECT_EQ(read_file(path("out/trials.csv")), csv);
  const test::Ran other =
      test::run_words({"search", path("s.yaml"), "-o", path("other"), "--set", "search.seed=1"});
  EXPECT_EQ(other.code, 0) << other.err;
  EXPECT_NE(read_file(path("other/trials.csv")), csv);
}

TEST_F(Search, AnotherOneInItsFolderIsRefused) {
  ASSERT_EQ(search().code, 0);
  const std::string before = read_file(path("out/results.json"));
  const auto refused = [&](const std::string& why, const std::vector<std::string>& more) {
    const test::Ran ran = search(more);
    EXPECT_EQ(ran.code, kExitUser);
    EXPECT_NE(ran.err.find("' holds " + why + "\n"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("choose another folder with -o"), std::string::npos) << ran.err;
    EXPECT_EQ(read_file(path("out/results.json")), before);
  };
  const std::string other = "another search; these differ: ";
  refused(other + "seed (was 0, is 1)", {"--set", "search.seed=1"});
  refused(other + "method (was evolution, is random), options", {"--set", "search.method=random"});
  refused(other + "objectives (was acc max, is acc min)", {"--set", "objectives.acc=min"});
  refused(other + "finalists", {"--set", "finalists.count=2"});
  refused(other + "where", {"--set", "where=cost < 9"});
  refused(other + "finalists", {"--set", "finalists=~"});
  refused("40 trials of this search, and 39 are asked for", {"--set", "search.trials=39"});
  replace_file(path("t.csv"), read_file(path("t.csv")) + "444,1,1,1,1,1\n");
  refused(other + "what the table says", {});
}

TEST_F(Search, GoesOnWithMoreTrials) {
  search();
  const std::string csv = read_file(path("out/trials.csv"));
  ASSERT_EQ(search({"--set", "search.trials=50"}).code, 0);
  EXPECT_TRUE(read_file(path("out/trials.csv")).starts_with(csv));
}

TEST_F(Search, AFolderOfOtherThingsOrOfAnotherProcessIsRefused) {
  make_folders(path("out"));
  {
    const FolderLock lock(path("out"));
    const test::Ran ran = search();
    EXPECT_EQ(ran.code, kExitUser);
    EXPECT_NE(ran.err.find("' is in use by process "), std::string::npos) << ran.err;
  }
  for (const auto& [name, content, why] :
       {std::tuple("results.json", "{\"trials\": []}", "does not say of which search it is"),
        {"results.json", "{", "is not of a search: "},
        {"notes.txt", "mine", "holds something else than a search: 'notes.txt'"}}) {
    std::filesystem::remove_all(path("out"));
    make_folders(path("out"));
    replace_file(path("out/") + name, content);
    const test::Ran ran = search();
    EXPECT_EQ(ran.code, kExitUser);
    EXPECT_NE(ran.err.find(why), std::string::npos) << ran.err;
    EXPECT_EQ(read_file(path("out/") + name), content);
    EXPECT_FALSE(file_exists(path("out/trials.csv")));
  }
}

TEST_F(Search, SeveralObjectivesHaveAFront) {
  replace_file(
      path("s.yaml"),
      "base: {table: t.csv, key: key}\nspace: table\nobjectives: {acc: max, cost: min}\n"
      "reference: {acc: 47}\nwhere: [\"cost <= 9\"]\nsearch: {method: nsga2, trials: 50}\n");
  const test::Ran ran = search({"--json"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  const Json j = parse_json(ran.out, "output");
  EXPECT_GT(j["front"].size(), 2u);
  for (const Json& t : j["front"]) EXPECT_LE(t["results"]["cost"].get<double>(), 9);
  EXPECT_GT(j["hypervolume"].get<double>(), 0);
  EXPECT_LE(j["hypervolume"].get<double>(), j["hypervolume_of_table"].get<double>());
  EXPECT_EQ(j["objectives"][0]["reference_from"], "study");
  EXPECT_EQ(j["objectives"][1]["reference_from"], "worst row");
}

TEST_F(Search, AReferenceThatNothingSurpassesIsTold) {
  replace_file(path("s.yaml"),
               "base: {table: t.csv, key: key}\nspace: table\nobjectives: {acc: max, cost: min}\n"
               "search: {method: nsga2, trials: 50}\n");
  const char* text =
      "\nno row is better than that in everything, so nothing is enclosed: write reference: with "
      "values that rows surpass\n";
  EXPECT_EQ(search().out.find(text), std::string::npos);
  const test::Ran ran = test::run_words(
      {"search", path("s.yaml"), "-o", path("other"), "--set", "reference={acc: 1000}"});
  EXPECT_NE(ran.out.find(text), std::string::npos) << ran.out;
}

TEST_F(Search, AnExhaustedSpaceIsAnEnd) {
  const test::Ran ran = search({"--set", "search.trials=100"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("space exhausted: 64 points\n"), std::string::npos) << ran.out;
}

TEST_F(Search, IsToldApartFromAComparison) {
  const test::Ran ran = test::run_words({"compare", path("s.yaml")});
  EXPECT_EQ(ran.code, kExitUser);
  EXPECT_NE(ran.err.find("`cambium search " + path("s.yaml") + "`"), std::string::npos) << ran.err;
  const test::Ran checked = test::run_words({"check", path("s.yaml")});
  EXPECT_EQ(checked.out, "ok  " + path("s.yaml") + ": 40 trials by evolution of 64 points\n");
}

TEST_F(Search, ConflictsOfMethodAndObjectivesAreRefused) {
  const test::Ran ran = search({"--set", "objectives.cost=min"});
  EXPECT_EQ(ran.code, kExitUser);
  EXPECT_NE(ran.err.find("evolution takes one objective, the study has 2"), std::string::npos)
      << ran.err;
}
}  // namespace
}  // namespace cambium::search_test
