// Pages and pictures of searches and scaling laws, as the commands write them and `report` again.
#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "core/rng.h"
#include "core/system/files.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "search/records/scale_record.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/test_data.h"

namespace cambium::result_pages_test {
namespace {
bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

std::string pictures_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& f : std::filesystem::directory_iterator(folder + "/pictures"))
    names.push_back(f.path().stem().string());
  std::ranges::sort(names);
  std::string out;
  for (const std::string& n : names) out += n + " ";
  return out;
}

void write_search(const test::TempFolder& folder) {
  std::string table = "key,acc,acc_1,acc_2,cost,seconds\n";
  for (int i = 0; i < 64; ++i)
    table += str(i / 16, i / 4 % 4, i % 4, ",", 50 + 3 * (i / 16) - i % 4, ",", 50 + i % 7, ",",
                 50 + i % 5, ",", 1 + i / 8 + i % 2, ",", 10 + i % 3, "\n");
  replace_file(folder.path("t.csv"), table);
  replace_file(folder.path("s.yaml"),
               "base: {table: t.csv, key: key, seconds: seconds}\n"
               "space: {key: {pattern: \"0123\", length: 3}}\n"
               "objectives: {acc: max, cost: min}\nsearch: {method: nsga2, trials: 40}\n"
               "finalists: {count: 3, judged_by: [acc_1, acc_2]}\n");
}

void write_points(const std::string& file) {
  Random random(3);
  std::string text = "group,params,tokens,loss,seed\n";
  for (const char* group : {"a", "b"})
    for (double n = 1e7; n < 4e8; n *= 2)
      for (double ratio : {5.0, 10.0, 20.0, 40.0})
        for (int seed = 0; seed < 2; ++seed)
          text += fmt::format("{},{},{},{:.8g},{}\n", group, n, ratio * n,
                              (1.8 + (*group == 'a' ? 480 : 560) / std::pow(n, .35) +
                               2100 / std::pow(ratio * n, .37)) *
                                  std::exp(.001 * random.normal()),
                              seed);
  replace_file(file, text);
}

TEST(ResultPages, ASearchWritesItsPageAndReportWritesTheSame) {
  const test::TempFolder folder;
  write_search(folder);
  const std::string out = folder.path("out");
  const test::Ran ran = test::run_words({"search", folder.path("s.yaml"), "-o", out});
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(has(ran.out, "/results.json, trials.csv and report.html\n")) << ran.out;
  EXPECT_EQ(pictures_in(out),
            "finalists front importance-1 importance-2 progress times trainings ");
  const std::string page = read_file(out + "/report.html");
  for (const char* part : {"Verdict", "No trial beats the ", "exact front of the table",
                           "All trials", "cambium search"})
    EXPECT_TRUE(has(page, part)) << part;
  const test::Ran again = test::run_words({"report", out, "-o", folder.path("again.html")});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(read_file(folder.path("again.html")), page);
}

TEST(ResultPages, PicturesOfAnEarlierSessionGo) {
  const test::TempFolder folder;
  write_search(folder);
  const std::string out = folder.path("out");
  test::run_words({"search", folder.path("s.yaml"), "-o", out});
  replace_file(out + "/pictures/rungs-7.svg", "<svg/>");
  replace_file(out + "/pictures/notes.txt", "mine");
  EXPECT_EQ(test::run_words({"report", out}).code, 0);
  EXPECT_FALSE(file_exists(out + "/pictures/rungs-7.svg"));
  EXPECT_TRUE(file_exists(out + "/pictures/notes.txt"));
}

TEST(ResultPages, AnOlderFolderOfASearchStillOpens) {
  const test::TempFolder folder;
  write_search(folder);
  const std::string out = folder.path("out");
  test::run_words({"search", folder.path("s.yaml"), "-o", out});
  Json json = load_json(out + "/results.json");
  for (const char* key : {"progress", "front_of_table", "command"}) json.erase(key);
  replace_file(out + "/results.json", to_text(json));
  EXPECT_EQ(test::run_words({"report", out}).code, 0);
  EXPECT_EQ(pictures_in(out), "finalists front importance-1 importance-2 progress times trainings ")
      << "progress follows from the trials";
  EXPECT_FALSE(has(read_file(out + "/pictures/progress.svg"), "uniform draws"));
}

TEST(ResultPages, AScalingLawReadsBackAsItWasWritten) {
  const test::TempFolder folder;
  write_points(folder.path("p.csv"));
  const std::string out = folder.path("law");
  const test::Ran ran = test::run_words(
      {"scale", folder.path("p.csv"), "--hold-out", "largest", "-o", out, "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const Json json = parse_json(ran.out, "out");
  const ScaleRecord s = read_scale_folder(out);
  ASSERT_EQ(s.groups.size(), 2u);
  EXPECT_EQ(s.needs, (std::vector<std::string>{"params", "tokens"}));
  for (size_t i = 0; i < 2; ++i) {
    const ScaleLaw& g = s.groups[i];
    const Json& of = json["groups"][i];
    EXPECT_EQ(g.points.size(), 40u);
    EXPECT_EQ(g.parameters[0].second.value, of["parameters"]["E"]["value"].get<double>());
    EXPECT_EQ(g.allocations[2].params.interval.high,
              of["allocations"][2]["params"]["interval"][1].get<double>());
    ASSERT_EQ(g.held_out.size(), 4u);
    EXPECT_EQ(g.held_out[1].run.params, 3.2e8);
    EXPECT_NEAR(g.held_out[1].run.measured / g.held_out[1].foretold.value - 1,
                1 / (1 + g.held_out[1].error) - 1, 1e-12);
    EXPECT_NEAR(g.points[0].flops, 6 * g.points[0].params * g.points[0].tokens, 1);
    EXPECT_LT(std::abs(g.points[7].measured / g.points[7].said - 1), 0.01);
    ASSERT_EQ(g.lines.size(), 5u);
    EXPECT_EQ(g.lines[4].fixed, "best_split");
    EXPECT_EQ(g.allocation_line.flops.size(), g.allocation_line.tokens_high.size());
  }
  EXPECT_EQ(pictures_in(out),
            "allocation-1 allocation-2 groups law-1 law-2 residuals-1 residuals-2 ");
}

TEST(ResultPages, ReportWritesTheSamePageOfALaw) {
  const test::TempFolder folder;
  write_points(folder.path("p.csv"));
  const std::string out = folder.path("law");
  ASSERT_EQ(test::run_words({"scale", folder.path("p.csv"), "-o", out}).code, 0);
  const std::string page = read_file(out + "/report.html");
  for (const char* part : {"Scaling law chinchilla", "Group a", "parameters N*", "95 % of runs"})
    EXPECT_TRUE(has(page, part)) << part;
  EXPECT_EQ(test::run_words({"report", out, "-o", folder.path("again.html")}).code, 0);
  EXPECT_EQ(read_file(folder.path("again.html")), page);
  // As earlier programs wrote it: runs and residuals, no lines.
  Json json = load_json(out + "/scale.json");
  for (const char* key : {"answers", "paper", "command"}) json.erase(key);
  for (Json& g : json["groups"])
    for (const char* key : {"lines", "allocation_line", "run_reach"}) g.erase(key);
  replace_file(out + "/scale.json", to_text(json));
  EXPECT_EQ(test::run_words({"report", out}).code, 0);
  EXPECT_EQ(pictures_in(out), "groups law-1 law-2 residuals-1 residuals-2 ");
}

TEST(ResultPages, AFolderOfNeitherIsTold) {
  const test::TempFolder folder;
  const test::Ran ran = test::run_words({"report", folder.path("")});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(has(ran.err, "holds no study: there is no study.json")) << ran.err;
  replace_file(folder.path("scale.json"), "{\"law\": \"x\", \"groups\": [{\"group\": \"b\"}]}");
  replace_file(folder.path("residuals.csv"), "group,params,loss,law\na,x,1,1\n");
  EXPECT_TRUE(has(test::run_words({"report", folder.path("")}).err, "there is no group 'a'"));
  replace_file(folder.path("scale.json"), "{\"law\": \"x\", \"groups\": [{\"group\": \"a\"}]}");
  EXPECT_TRUE(has(test::run_words({"report", folder.path("")}).err, "'x' is not a number"));
}
}  // namespace
}  // namespace cambium::result_pages_test
