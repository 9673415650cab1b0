#include <cmath>

#include "core/text/format.h"
#include "tests/viz/svg_text.h"
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
