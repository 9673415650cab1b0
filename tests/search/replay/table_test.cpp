#include <cmath>

#include <gtest/gtest.h>

#include "search/replay/expected.h"
#include "search/replay/table_answer.h"
#include "tests/support/expect_error.h"
#include "tests/support/table_searches.h"

namespace cambium::table_test {
namespace {
class Tables : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    replace_file(folder_.path(name), text);
  }

  TableStudy load(const std::string& yaml) {
    write("s.yaml", yaml);
    return load_table_study(folder_.path("s.yaml"));
  }

  std::string error_in(const std::string& yaml) {
    const UserError e = test::error_of([&] { load(yaml); });
    return test::text_of(e) + (e.help.empty() ? "" : " | " + e.help);
  }

  test::TempFolder folder_;
};

const std::string kTable =
    "key,acc_0,acc_1,\"cost, ms\"\n"
    "00,0.10,0.20,3\n01,0.2,0.1,2\n10,0.30,0.31,1\n11,,0.5,9\n";
const std::string kBase = "base: {table: t.csv, key: key, columns: {acc: [acc_0, acc_1]}}\n";
const std::string kSpace = "space: {a: [0, 1], b: [0, 1]}\n";

TEST_F(Tables, KeysKeepZerosAndMeansAreExact) {
  write("t.csv", kTable);
  const TableStudy s = load(kBase + kSpace + "objectives: {acc: max, \"cost, ms\": min}\n");
  const std::vector<double>& acc = s.objectives[0].of_rows;
  EXPECT_EQ(acc[0], acc[1]) << "0.10 + 0.20 and 0.2 + 0.1";
  EXPECT_EQ(acc[0], 0.15);
  EXPECT_TRUE(std::isnan(acc[3]));
  EXPECT_EQ(s.objectives[0].reference, 0.15);
  EXPECT_EQ(s.objectives[1].reference, 9);
  const TableSearch found = search_table(s);
  ASSERT_EQ(found.trials.size(), 4u);
  EXPECT_TRUE(found.exhausted);
  for (const TableTrial& t : found.trials) EXPECT_EQ(t.outcome.failed, t.key == "11") << t.key;
}

TEST_F(Tables, AllRowsAreASpace) {
  write("t.csv", kTable);
  const TableStudy s = load(kBase + "space: table\nobjectives: {acc_1: min}\n");
  EXPECT_EQ(s.space->size(), 4);
  EXPECT_EQ(search_table(s).trials.size(), 4u);
}

// Cells are texts, and one that is a number compares as one.
TEST_F(Tables, ConditionsOnNumbersInKeys) {
  write("t.csv", "width,kind,v\n8,x,3\n016,x,4\n100,y,5\n");
  const std::string base =
      "base: {table: t.csv, key: [width, kind]}\nspace: table\nobjectives: {v: min}\nwhere: ";
  EXPECT_EQ(search_table(load(base + "width > 9\n")).trials.size(), 2u);
  EXPECT_EQ(search_table(load(base + "width == 16\n")).trials.size(), 1u);
  EXPECT_EQ(search_table(load(base + "width % 16 == 0\n")).trials.size(), 1u);
  EXPECT_EQ(search_table(load(base + "kind == x\n")).trials.size(), 2u);
  const std::string e = error_in(base + "kind > 9\n");
  EXPECT_NE(e.find("'kind' is 'x', no number, which '>' cannot compare"), std::string::npos) << e;
}

TEST_F(Tables, ADurationBelowZeroIsRefused) {
  write("t.csv", "k,v,s\nx,1,3\ny,2,-4\n");
  EXPECT_EQ(
      error_in("base: {table: t.csv, key: k, seconds: s}\nspace: table\nobjectives: {v: min}\n"),
      "3:1: column 's' holds -4, and no training takes less than no time | write how long it "
      "took, or leave the cell empty");
}

TEST_F(Tables, OneObjectiveHasNoReference) {
  write("t.csv", kTable);
  EXPECT_EQ(
      error_in(kBase + kSpace + "objectives: {acc: max}\nreference: {acc: 0.1}\n"),
      "4:12: reference: is where hypervolume counts from, and one objective, 'acc', has none | "
      "leave it out, or add an objective");
}

TEST_F(Tables, KeysOfSeveralColumnsAndRowsThatAreNotThere) {
  write("t.csv", "k,n,v\nx,1,3\ny,1,4\ny,2,5\n");
  const std::string rest = "\nobjectives: {v: min}\nbase: {table: t.csv, key: [k, n]}\n";
  EXPECT_EQ(load("space: {k: [x, y], n: {int: [1, 2]}}" + rest).space->size(), 3);
  EXPECT_EQ(load("space: table" + rest).space->size(), 3);
  EXPECT_EQ(error_in("space: {k: [x, y], m: [1]}" + rest).substr(0, 66),
            "1:8: the key's column 'n' is nothing that the space varies | did y");
}

TEST_F(Tables, AConditionOnAResultIsKnownByTheResult) {
  write("t.csv", "k,v,cost\n0,1,10\n1,2,20\n2,3,40\n");
  const TableStudy s = load(
      "base: {table: t.csv, key: k}\nspace: table\nobjectives: {v: min}\nwhere: [\"cost <= 20\", "
      "\"k != 0\"]\n");
  EXPECT_EQ(s.space->size(), 2) << "of the key alone it is known before";
  for (const TableTrial& t : search_table(s).trials)
    EXPECT_EQ(t.outcome.violation, t.key == "2" ? 1 : 0) << t.key;
}

TEST_F(Tables, AConditionOnWhatWasNotMeasuredIsNotFulfilled) {
  write("t.csv", "k,v,cost\n0,1,\n1,2,20\n2,3,\n");
  const auto failed = [&](const std::string& where) {
    std::string out;
    for (const TableTrial& t : search_table(load("base: {table: t.csv, key: k}\nspace: table\n"
                                                 "objectives: {v: min}\nwhere: [\"" +
                                                 where + "\"]\n"))
                                   .trials)
      if (t.outcome.failed) out += t.key;
    std::ranges::sort(out);
    return out;
  };
  EXPECT_EQ(failed("cost <= 20"), "02");
  EXPECT_EQ(failed("cost != 7"), "02");
  EXPECT_EQ(failed("cost <= 20 or v > 2"), "") << "its other half is known of all";
}

TEST_F(Tables, ErrorsHavePlacesAndCures) {
  write("t.csv", kTable);
  const std::string goal = "objectives: {acc: max}\n";
  EXPECT_EQ(error_in("base: {table: u.csv, key: key}\n" + kSpace + goal),
            "1:15: there is no table '" + folder_.path("u.csv") +
                "' | paths are relative to the study's file");
  EXPECT_EQ(error_in("base: {table: t.csv, key: kye}\n" + kSpace + goal),
            "1:27: '" + folder_.path("t.csv") + "' has no column 'kye' | did you mean 'key'?");
  EXPECT_EQ(error_in(kBase + kSpace + "objectives: {acc_9: max}\n").substr(0, 40),
            "3:14: the table has no result 'acc_9' | ");
  EXPECT_EQ(error_in(kBase + kSpace + "objectives: {acc: up}\n"),
            "3:19: 'acc' is to be max or min");
  EXPECT_EQ(error_in(kBase + kSpace + goal + "serach: {}\n"),
            "4:1: unknown section of a search 'serach' | did you mean 'search'?");
  EXPECT_EQ(error_in(kBase + kSpace + goal + "search: {method: {tpe: {goood: 1}}}\n"),
            "4:25: unknown key 'goood' | did you mean 'good'?");
  EXPECT_EQ(error_in("base: model.yaml\n" + kSpace + goal),
            "1:7: base: is no table | write base: {table: file.csv, key: name}");
  write("t.csv", "key,acc\n0,1\n0,2\n");
  EXPECT_EQ(error_in("base: {table: t.csv, key: key}\nspace: table\n" + goal),
            "3:1: the key '0' stands in line 2 already | key: [a, b] takes several columns");
  write("t.csv", "key,acc\n0,1\n1,1\n0,2\n1,3\n0,4\n");
  EXPECT_EQ(error_in("base: {table: t.csv, key: key}\nspace: table\n" + goal),
            "4:1: the key '0' stands in line 2 already, one of 3 rows whose keys do | "
            "key: [a, b] takes several columns");
  write("t.csv", "key,acc,b\n0,,1\n");
  EXPECT_EQ(error_in("base: {table: t.csv, key: key}\nspace: table\n" + goal),
            "3:14: no row has a 'acc' | fill its cells in '" + folder_.path("t.csv") +
                "', or name another result: acc and b");
  write("t.csv", "key,acc\n0,one\n");
  EXPECT_EQ(error_in("base: {table: t.csv, key: key}\nspace: table\n" + goal),
            "2:1: column 'acc' holds 'one', which is no number | "
            "leave a cell empty where nothing was measured");
}

TEST_F(Tables, AWrongKeyHidesNoOtherMistake) {
  write("t.csv", kTable);
  std::vector<std::string> what;
  try {
    load(
        "base: {table: t.csv, key: archh}\nspace: table\nobjectives: {acx: max, acc_9: min}\n"
        "search: {method: randomm}\nwhere: [\"a <\", \"b ==\"]\n");
  } catch (const UserErrors& e) {
    for (const UserError& one : e.all) what.emplace_back(one.what());
  }
  ASSERT_EQ(what.size(), 6u) << testing::PrintToString(what);
  for (const char* part :
       {"has no column 'archh'", "has no result 'acx'", "has no result 'acc_9'", "'randomm'"})
    EXPECT_TRUE(std::ranges::any_of(what, [&](const std::string& w) {
      return w.find(part) != w.npos;
    })) << part;
}

TEST_F(Tables, InfiniteResultsAreErrorsAndNanIsNone) {
  const std::string yaml = "base: {table: t.csv, key: k}\nspace: table\nobjectives: {acc: max}\n";
  for (const char* cell : {"inf", "-inf", "Infinity"}) {
    write("t.csv", str("k,acc\n0,1\n1,", cell, "\n"));
    EXPECT_EQ(error_in(yaml), str("3:1: column 'acc' holds '", cell,
                                  "', which would be better or worse than every number | write "
                                  "what was measured, or leave the cell empty: its trial has "
                                  "failed"));
  }
  write("t.csv", "k,acc\n0,1\n1,nan\n2,-NAN\n3,\n");
  const TableStudy s = load(yaml);
  for (int64_t row = 1; row < 4; ++row)
    EXPECT_TRUE(std::isnan(s.objectives[0].of_rows[size_t(row)]));
}

TEST_F(Tables, PointsWithoutARowAreCountedAndShown) {
  write("t.csv", "lr,n,v\n1e-1,1,3\n0.2,1,4\n0.2,2,5\n");
  const TableStudy s = load(
      "base: {table: t.csv, key: [lr, n]}\nspace: {lr: [0.1, 0.2], n: [1, 2]}\n"
      "objectives: {v: min}\nwhere: [\"lr + n < 2.15\"]\n");
  const TableAnswer a = answer_of(s, search_table(s));
  EXPECT_EQ(a.space_size, 1);
  EXPECT_EQ(a.points, 3) << "where: takes one away";
  EXPECT_EQ(a.without_row, 2);
  EXPECT_EQ(a.first_without, "0.1|1");
  EXPECT_EQ(s.table->nearest_key("0.1|1"), "1e-1|1");
  EXPECT_EQ(s.table->nearest_key("0.22|2"), "0.2|2");
  EXPECT_EQ(s.table->nearest_key("0.2|1|1"), "0.2|1");
}

TEST_F(Tables, AWrongKeyIsToldByWhatTheTableHas) {
  write("t.csv", "key,acc\n00,1\n01,2\n");
  EXPECT_EQ(
      error_in("base: {table: t.csv, key: acc}\nspace: {key: {pattern: \"01\", length: 2}}\n"
               "objectives: {acc: max}\n"),
      "2:8: 0 of 20000 points drawn from the space have a row: no row for '11' (the table has "
      "'1') | keys are texts, here of acc: name the columns that hold the space's values in "
      "key:, and write values as the table does");
}

TEST_F(Tables, WhatChoseCannotJudge) {
  write("t.csv", "k,a,b,c,d\n0,1,2,3,4\n1,2,3,4,5\n");
  const std::string base =
      "base: {table: t.csv, key: k, columns: {acc: [a, b], both: [c, d], e: a}}\nspace: table\n"
      "objectives: {acc: max}\n";
  const auto judged_by = [&](const std::string& columns) {
    return error_in(base + "finalists: {judged_by: " + columns + "}\n");
  };
  const std::string cure = " | name columns of trainings that chose nothing";
  EXPECT_EQ(judged_by("[c, b]"),
            "4:28: column 'b' cannot judge the finalists: the objective 'acc' uses it" + cure);
  EXPECT_EQ(judged_by("[acc, d]"),
            "4:25: column 'a' cannot judge the finalists: the objective 'acc' uses it" + cure);
  EXPECT_EQ(judged_by("[e]"),
            "4:25: column 'a' cannot judge the finalists: the objective 'acc' uses it" + cure);
  EXPECT_EQ(judged_by("[c, c]"),
            "4:28: column 'c' judges the finalists twice | name every training once");
  EXPECT_EQ(judged_by("[both, d]"),
            "4:31: column 'd' judges the finalists twice | name every training once");
  EXPECT_EQ(error_in(base + "finalists: {judged_by: [c, d]}\nwhere: [\"c > 1\"]\n"),
            "4:25: column 'c' cannot judge the finalists: where: asks for it" + cure);
  EXPECT_EQ(load(base + "finalists: {judged_by: [c, d]}\n").judgements.size(), 2u);
  EXPECT_EQ(error_in(base + "finalists: {judged_by: [c, d], seeds: 5}\n"),
            "4:32: a table trains nothing: its finalists have no seeds | write finalists: {count: "
            "3, judged_by: [accuracy_1]}");
  EXPECT_EQ(error_in(base + "finalists: {count: 3}\n"),
            "4:12: finalists: does not say what judges them | add judged_by: [column, column] of "
            "trainings that chose nothing");
}

TEST(Csv, ReadsQuotesAndRefusesDamage) {
  const Csv csv = parse_csv(
      "\xEF\xBB\xBF"
      "a,\"b \"\"x\"\"\"\r\n1,\"two\nlines\"\r\n\r\n3,\n",
      "t");
  EXPECT_EQ(csv.header, (std::vector<std::string>{"a", "b \"x\""}));
  ASSERT_EQ(csv.rows.size(), 2u);
  EXPECT_EQ(csv.rows[0][1], "two\nlines");
  EXPECT_EQ(csv.rows[1], (std::vector<std::string>{"3", ""}));
  EXPECT_EQ(csv.lines, (std::vector<int>{2, 5}));
  const auto text = [](const char* csv) {
    return test::text_of(test::error_of([&] { parse_csv(csv, "t"); }));
  };
  EXPECT_EQ(text("a,b\n1\n"), "2:1: this row has 1 cells, the header 2");
  EXPECT_EQ(text("a,b\n1,\"2\n"), "2:1: a quote is never closed");
  EXPECT_EQ(text("a,b\n1,\"2\"3\n"), "2:1: text follows a closing quote");
  EXPECT_EQ(text("a,a\n1,2\n"), "1:1: the column 'a' stands twice");
  EXPECT_EQ(text("a,b\n"), "1:1: the table has no rows");
  EXPECT_EQ(text(""), "1:1: the table is empty");
}

TEST(ExpectedLeast, IsTheMeanOverAllDraws) {
  const std::vector<double> v = {5, 1, 4, 2};
  EXPECT_DOUBLE_EQ(expected_least(v, 1), 3);
  EXPECT_DOUBLE_EQ(expected_least(v, 2), (1 * 3 + 2 * 2 + 4) / 6.0);
  EXPECT_DOUBLE_EQ(expected_least(v, 4), 1);
}

// Facts of the table (its SOURCE.txt): 35 and 39 distinct points on the exact fronts.
TEST(Macro, FrontsAreExact) {
  if (test::skip_without(test::macro_table())) return;
  for (const auto& [cost, points, networks] :
       {std::tuple("flops", 35u, 66u), std::tuple("parameters", 39u, 50u)}) {
    std::string yaml = test::macro_study("random", 1, true);
    const size_t at = yaml.find("flops");
    yaml.replace(at, 5, cost);
    const TableStudy study = test::table_study(yaml);
    std::vector<Losses> all;
    for (auto& l : test::all_losses(study)) all.push_back({l});
    const std::vector<size_t> front = front_of(all);
    std::vector<std::vector<double>> distinct;
    for (const size_t i : front) distinct.push_back(all[i].values);
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    EXPECT_EQ(front.size(), networks) << cost;
    EXPECT_EQ(distinct.size(), points) << cost;
  }
}

TEST(Macro, RandomIsWhatItsFormulaSays) {
  if (test::skip_without(test::macro_table())) return;
  TableStudy study = test::table_study(test::macro_study("random", 100));
  std::vector<double> losses;
  for (const auto& l : test::all_losses(study)) losses.push_back(l[0]);
  const double expected = expected_least(losses, 100) - *std::ranges::min_element(losses);
  EXPECT_NEAR(expected, 0.2604, 5e-5);
  const auto [mean, error] = test::mean_regret(study, 60);
  EXPECT_NEAR(mean, expected, 3 * error);
}

TEST(Macro, MethodsFindMoreThanRandomAndNothingWhereNothingIs) {
  if (test::skip_without(test::macro_table())) return;
  for (const auto& [method, most] : {std::pair("evolution", 0.06), std::pair("tpe", 0.04)}) {
    TableStudy study = test::table_study(test::macro_study(method, 100));
    EXPECT_LE(test::mean_regret(study, 30).mean, most) << method;
    test::shuffle_results(study, 1);
    const auto [mean, error] = test::mean_regret(study, 60);
    EXPECT_NEAR(mean, 0.2604, 3 * error) << method << ", shuffled";
  }
  TableStudy study = test::table_study(test::macro_study("nsga2", 500, true));
  EXPECT_GE(test::mean_hypervolume_share(study, 5).mean, 0.985);
}

TEST(SlowMacro, TheGaussianProcessFindsMoreThanRandomAndNothingWhereNothingIs) {
  if (test::skip_without(test::macro_table())) return;
  TableStudy study = test::table_study(test::macro_study("gp", 100));
  EXPECT_LE(test::mean_regret(study, 8).mean, 0.06);
  test::shuffle_results(study, 1);
  const auto [mean, error] = test::mean_regret(study, 20);
  EXPECT_NEAR(mean, 0.2604, 3 * error);
}

// The file says of each whether it is on the front of error and latency.
TEST(ArchaiLandmarks, FlagsAreRecomputed) {
  const std::string file = test::data_path("nas/archai_landmarks/search_results.csv");
  if (test::skip_without(file)) return;
  const TableStudy study = test::table_study(
      "base: {table: " + file +
      ", key: archid, columns: {error: Partial training Validation "
      "Accuracy, latency: onnx_latency (ms)}}\nspace: table\nobjectives: {error: min, latency: "
      "min}\n");
  const Csv csv = load_csv(file);
  const size_t flag = size_t(std::ranges::find(csv.header, "is_pareto") - csv.header.begin());
  std::vector<Losses> all;
  for (auto& l : test::all_losses(study)) all.push_back({l});
  const std::vector<int64_t> fronts = front_numbers(all);
  int64_t agree = 0;
  for (size_t i = 0; i < all.size(); ++i)
    agree += (fronts[i] == 0) == (csv.rows[i][flag] == "True");
  EXPECT_EQ(all.size(), 224u);
  EXPECT_EQ(agree, 224);
}
}  // namespace
}  // namespace cambium::table_test
