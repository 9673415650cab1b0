// What `cambium scale` prints of runs that tell little: each sentence is true of them.
#include <cmath>

#include <gtest/gtest.h>

#include "core/rng.h"
#include "core/system/files.h"
#include "core/text/fmt.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/test_data.h"

namespace cambium::scale_test {
namespace {
struct Made {
  double wave = 0;
  std::string group = "a";
  int pairs = 1000;  // configurations with a second seed
};

std::string lines_of(const Made& m) {
  Random random(3);
  std::string text;
  int made = 0;
  for (double n = 1e7; n < 4e8; n *= 2)
    for (double ratio : {5.0, 10.0, 20.0, 40.0}) {
      const double loss = (1.8 + 480 / std::pow(n, .35) + 2100 / std::pow(ratio * n, .37)) *
                          (1 + m.wave * std::sin(3 * std::log(n)));
      for (int seed = 0; seed < (made < m.pairs ? 2 : 1); ++seed)
        text += fmt::format("{},{},{},{:.8g},{}\n", m.group, n, ratio * n,
                            loss * std::exp(.001 * random.normal()), seed);
      ++made;
    }
  return text;
}

test::Ran scale_of(const std::string& lines, std::vector<std::string> more = {}) {
  const test::TempFolder folder;
  const std::string file = folder.path("p.csv");
  replace_file(file, "group,params,tokens,loss,seed\n" + lines);
  more.insert(more.begin(), {"scale", file});
  return test::run_words(more);
}

bool says(const test::Ran& ran, const std::string& text) {
  return ran.out.find(text) != ran.out.npos;
}

TEST(Scale, ARefusedFormForetellsNothingBeyondTheData) {
  const test::Ran held = scale_of(lines_of({.wave = 0.02}), {"--hold-out", "largest"});
  EXPECT_EQ(held.code, 0) << held.err;
  EXPECT_TRUE(says(held, "this form does not hold: ")) << held.out;
  EXPECT_TRUE(says(held, "beyond the data it foretells nothing")) << held.out;
  const test::Ran all = scale_of(lines_of({.wave = 0.02}));
  EXPECT_TRUE(says(all, "; parameters and allocation are withheld\n")) << all.out;
  EXPECT_FALSE(says(all, "foretells")) << all.out;
}

TEST(Scale, OnePairTestsNoForm) {
  const test::Ran ran = scale_of(lines_of({.pairs = 1}));
  EXPECT_TRUE(says(ran,
                   "whether the form holds cannot be tested fairly: repeats have 1 degree of "
                   "freedom, fewer than 3 (the closest at N = 1.000e+07, D = 5.000e+07)"))
      << ran.out;
  EXPECT_TRUE(says(scale_of(lines_of({})), " degrees of freedom, p = "));
}

TEST(Scale, OneBadGroupIsReportedBesideTheOthers) {
  const std::string good = lines_of({}), bad = "b,1e7,1e8,3,0\n";
  const test::Ran some = scale_of(good + bad);
  EXPECT_EQ(some.code, 0);
  EXPECT_TRUE(says(some, "a: 48 runs of 24 configurations")) << some.out;
  EXPECT_TRUE(says(some, "b: not fitted: law 'chinchilla' has 5 parameters")) << some.out;
  EXPECT_EQ(scale_of(bad).code, 1);
  EXPECT_EQ(scale_of(bad + "c,1e7,1e8,3,0\n").code, 1);
}

TEST(Scale, SaysWhereTwoLawsCrossAndHowFarTheyGo) {
  const auto group = [](const std::string& name, double amplitude) {
    Random random(5);
    std::string text;
    for (double n = 1e7; n < 2e9; n *= 2)
      for (int seed : {0, 1})
        text += fmt::format(
            "{},{},{},{:.8g},{}\n", name, n, 20 * n,
            1.8 + amplitude / std::pow(n, amplitude > 300 ? .35 : .3) + 1e-4 * random.normal(),
            seed);
    return text;
  };
  const test::Ran ran = scale_of(group("a", 482) + group("b", 200), {"--law", "params"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(says(ran, "where laws cross\n  a and b: b is better below params = 4.")) << ran.out;
  EXPECT_TRUE(says(ran, "how far: runs up to N = ")) << ran.out;
  EXPECT_TRUE(says(ran, ": so far it has been tried; the curve's interval stays within 1 % up to "))
      << ran.out;
  EXPECT_TRUE(says(scale_of(lines_of({.wave = 0.02})), "how far: not beyond these runs"));
}

TEST(Scale, FitsWholeTrainings) {
  const test::TempFolder folder;
  std::string text = "curve,step,lr,loss\n";
  for (int t = 110; t <= 1500; t += 10)
    for (const char* name : {"fast", "slow", "asked"}) {
      const double rate = 1e-3 * (name[0] == 's' ? 1 : std::max(0.1, 1 - (t - 100) / 1400.0));
      text += fmt::format(
          "{},{},{:.9g},{}\n", name, t, rate,
          name[0] == 'a' ? "" : fmt::format("{:.8g}", 3 + 1 / std::sqrt(t) + 100 * rate));
    }
  replace_file(folder.path("c.csv"), text);
  const auto run = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"scale", folder.path("c.csv"), "--law", "multi_power"});
    return test::run_words(more);
  };
  const test::Ran ran = run({"--warmup", "100", "-o", folder.path("out")});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(says(ran, "280 steps fitted; the sum of Huber(1e-3) of the log loss is ")) << ran.out;
  EXPECT_TRUE(says(ran, "no runs, and none of this has an interval")) << ran.out;
  EXPECT_NE(read_file(folder.path("out/curves.csv")).find("asked,0,1500,"), std::string::npos);
  EXPECT_NE(read_file(folder.path("out/scale.json")).find("\"converged\""), std::string::npos);
  const std::string page = read_file(folder.path("out/report.html"));
  EXPECT_NE(page.find("140</td>"), std::string::npos) << "steps measured";
  for (const char* name : {"curves-fitted", "errors-fitted", "rates-fitted", "curves-foretold"})
    EXPECT_TRUE(file_exists(str(folder.path("out/pictures/"), name, ".svg"))) << name;
  EXPECT_FALSE(file_exists(folder.path("out/pictures/errors-foretold.svg"))) << "not measured";
  EXPECT_EQ(test::run_words({"report", folder.path("out"), "-o", folder.path("again.html")}).code,
            0);
  EXPECT_EQ(read_file(folder.path("again.html")), page);
  const auto refused = [&](std::vector<std::string> more, const std::string& text) {
    const test::Ran bad = run(std::move(more));
    EXPECT_EQ(bad.code, 1);
    EXPECT_NE(bad.err.find(text), std::string::npos) << bad.err;
  };
  refused({"--hold-out", "largest"}, "'--hold-out' is not for laws of whole trainings");
  refused({"--where", "a=b"}, "'--where' is not for laws of whole trainings");
  refused({"--objective", "squares"}, "'--objective' is not for laws of whole trainings");
  refused({"--fit-on", "slo"}, "'--fit-on': there is no curve 'slo'");
  const test::Ran points = scale_of(lines_of({}), {"--warmup", "3"});
  EXPECT_NE(points.err.find("'--warmup' is not for points of finished runs"), std::string::npos);
  const test::Ran law = scale_of(lines_of({}), {"--fit-on", "a"});
  EXPECT_NE(law.err.find("'--fit-on' is not for points of finished runs"), std::string::npos);
}

TEST(Scale, LawsAreExplained) {
  EXPECT_TRUE(says(test::run_words({"explain", "laws"}), "downstream"));
  const test::Ran page = test::run_words({"explain", "multi_power"});
  EXPECT_TRUE(says(page, "arXiv 2503.12811")) << page.out;
  EXPECT_TRUE(says(page, "cambium scale curves.csv --law multi_power")) << page.out;
}

TEST(Scale, ATasksErrorFollowsFromTheLoss) {
  const test::TempFolder folder;
  std::string text = "loss,error\n";
  for (double loss = 2.4; loss < 4; loss += 0.1)
    text += fmt::format("{},{:.9g}\n", loss, 0.8 - 9 * std::exp(-1.1 * loss));
  replace_file(folder.path("d.csv"), text);
  const test::Ran ran = test::run_words({"scale", folder.path("d.csv")});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(says(ran, "law downstream: error = w - k exp(-g L)")) << ran.out;
}
}  // namespace
}  // namespace cambium::scale_test
