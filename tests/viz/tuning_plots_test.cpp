#include <cmath>

#include "core/text/format.h"
#include "tests/viz/study_folder.h"
#include "tests/viz/svg_text.h"
#include "viz/report/report.h"
#include "viz/tuning/tried.h"

namespace cambium::tuning_plots_test {
namespace {
using toy::count;

Tried tried() {
  Tried t{.metric = "validation accuracy (%)", .maximize = true, .rungs = {1.0 / 9, 1.0 / 3, 1}};
  t.settings = {{"lr", true, 1e-4, 1e-2}};
  for (const char* name : {"attention", "mamba"}) {
    TriedArm a{.name = name, .finished = 1, .failed = 1, .flops = 3e12};
    for (int i = 0; i < 6; ++i) {
      TriedPoint p{.name = str("trial ", i), .settings = {{"lr", 1e-4 * std::pow(2.2, i)}}};
      if (i < 5) p.values = {50.0 + i};
      if (i > 1 && i < 5) p.values.push_back(60 + i);
      if (i == 4) p.values.push_back(70);
      p.best = i == 4;
      a.points.push_back(p);
    }
    t.arms.push_back(a);
  }
  return t;
}

TEST(RungsPlot, TellsThoseThatWentOnFromThoseThatStopped) {
  const Tried t = tried();
  const std::string svg = rungs_plot(t, t.arms[0]);
  toy::expect_drawable(svg);
  EXPECT_EQ(count(svg, "<title>trial "), 5u) << "the failed one has no value";
  EXPECT_GE(count(svg, ">the best<"), 1u);
  EXPECT_GE(count(svg, ">stopped at a rung<"), 1u);
}

TEST(SensitivityPlot, MarksTheBestTheEdgesAndTheFailed) {
  const Tried t = tried();
  const std::string svg = sensitivity_plot(t, t.arms[0], t.settings[0]);
  toy::expect_drawable(svg);
  EXPECT_EQ(count(svg, "<title>ends of the range</title>"), 1u);
  EXPECT_EQ(count(svg, "stroke-dasharray=\"5 4\""), 3u) << "two ends and the key";
  EXPECT_EQ(count(svg, "<title>trial 5: failed</title>"), 1u);
  EXPECT_GE(count(svg, "0.00234256: 70"), 1u) << "the best's rate and value";
}

TEST(SensitivityPlot, AllArmsHaveTheSameAxes) {
  Tried t = tried();
  for (TriedPoint& p : t.arms[1].points)
    for (double& v : p.values) v -= 30;
  const auto ticks = [&](const TriedArm& a) {
    const std::string svg = sensitivity_plot(t, a, t.settings[0]);
    std::string out;
    const std::regex tick("opacity=\"0.75\">([^<]*)<");
    for (std::sregex_iterator m(svg.begin(), svg.end(), tick), end; m != end; ++m)
      out += (*m)[1].str() + " ";
    return out;
  };
  EXPECT_EQ(ticks(t.arms[0]), ticks(t.arms[1]));
}

TEST(SensitivityPlot, OneFarWorseTrialLeavesTheOthersRoom) {
  Tried t = tried();
  t.maximize = false;
  t.arms[0].points[0].values = {1e6};
  const std::string svg = sensitivity_plot(t, t.arms[0], t.settings[0]);
  toy::expect_drawable(svg);
  EXPECT_EQ(count(svg, "k</text>"), 0u);
  EXPECT_EQ(count(svg, "<title>trial 0: 1000000</title>"), 1u) << "but it is there";
}

TEST(ArmsPlot, IsALineAnArmWhereThereIsOneSetting) {
  Tried t = tried();
  ASSERT_TRUE(shows_arms(t));
  const std::string svg = arms_plot(t, t.settings[0]);
  toy::expect_drawable(svg);
  EXPECT_EQ(count(svg, "<title>attention, trial "), 5u) << "the failed one has no place";
  EXPECT_GE(count(svg, ">mamba<"), 1u);
  EXPECT_EQ(tried_figures(t)[0].name, "arms");
  t.settings.push_back({"decay"});
  EXPECT_FALSE(shows_arms(t));
  t = tried();
  t.arms.resize(1);
  EXPECT_FALSE(shows_arms(t));
  t = tried();
  t.arms[1].points.resize(2);
  EXPECT_FALSE(shows_arms(t));
}

TEST(TriedOf, ATuningHasArmsSettingsAndRanges) {
  Tuning t{.method = "sobol", .metric = "val.accuracy", .maximize = true, .trials = 3};
  t.rungs = {1.0 / 3, 1};
  t.log = {"train.lr"};
  t.ranges = {{"train.lr", 1e-4, 1e-2}};
  TunedVariant v{.name = "a", .finished = 1, .failed = 1, .flops = 5e9, .best = 1};
  v.trials = {{3, {{"train.lr", 1e-3}, {"vars.norm", "rms"}}, "done", "", {0.5}},
              {4, {{"train.lr", 2e-3}, {"vars.norm", "layer"}}, "done", "", {0.6, 0.7}},
              {5, {{"train.lr", 9e-3}, {"vars.norm", "rms"}}, "failed", "NaN", {}}};
  t.variants = {v};
  const Tried tried = tried_of(t, "validation accuracy (%)", 100);
  ASSERT_EQ(tried.settings.size(), 1u) << "a word is no axis";
  EXPECT_EQ(tried.settings[0].name, "train.lr");
  EXPECT_TRUE(tried.settings[0].log);
  EXPECT_EQ(tried.settings[0].high, 1e-2);
  ASSERT_EQ(tried.arms.size(), 1u);
  EXPECT_EQ(tried.arms[0].points[1].values, (std::vector<double>{60, 70}));
  EXPECT_TRUE(tried.arms[0].points[1].best);
  EXPECT_EQ(tried.arms[0].points[0].name, "trial 3, lr 0.001, norm rms");
  std::string names;
  for (const Figure& f : tried_figures(tried)) {
    names += f.name + " ";
    toy::expect_drawable(f.svg);
  }
  EXPECT_EQ(names, "sensitivity-1-1 rungs-1 effort ");
}

TEST(Report, OfATunedStudyShowsHowSettingsWereChosen) {
  toy::StudyFolder f("tuned_study");
  f.write();
  EXPECT_EQ(count(html_report(read_study_folder(f.path)), "Tuning"), 0u);
  Tuning t{.method = "sobol", .metric = "val.accuracy", .maximize = true, .trials = 2};
  t.rungs = {1};
  t.ranges = {{"train.lr", 1e-4, 1e-2}};
  for (const std::string& name : f.variants)
    t.variants.push_back({.name = name,
                          .finished = 2,
                          .flops = 1e12,
                          .best = 1,
                          .chosen = {{"train.lr", "0.009", "highest"}},
                          .trials = {{0, {{"train.lr", 1e-3}}, "done", "", {0.5}},
                                     {1, {{"train.lr", 9e-3}}, "done", "", {0.7}}}});
  write_tuning(f.path, t);
  const StudyFolder read = read_study_folder(f.path);
  ASSERT_TRUE(read.tuning);
  EXPECT_EQ(read.tuning->ranges[0].high, 1e-2);
  const std::string page = html_report(read);
  for (const char* part : {"<h2>Tuning</h2>", "every variant was tuned by 2 trials of sobol",
                           "best at the highest values of train.lr", "Effort of tuning",
                           "ends of the range", "train.lr 0.009"})
    EXPECT_GE(count(page, part), 1u) << part;
}

TEST(TriedFigures, SurviveNothingAndOnePoint) {
  EXPECT_TRUE(tried_figures({}).empty());
  Tried t = tried();
  t.arms[0].points.resize(1);
  t.arms[1].points.clear();
  for (const Figure& f : tried_figures(t)) toy::expect_drawable(f.svg);
  for (TriedArm& a : t.arms)
    for (TriedPoint& p : a.points) p.values.clear();
  for (const Figure& f : tried_figures(t)) toy::expect_drawable(f.svg);
}

TEST(TriedFigures, HostileNamesAreTexts) {
  Tried t = tried();
  t.metric = t.arms[0].name = t.arms[0].points[0].name = "\"></svg><script>";
  for (const Figure& f : tried_figures(t)) toy::expect_drawable(f.svg);
}
}  // namespace
}  // namespace cambium::tuning_plots_test
