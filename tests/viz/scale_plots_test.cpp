#include "viz/scale/scale_plots.h"

#include <cmath>

#include "core/text/format.h"
#include "tests/viz/svg_text.h"
#include "viz/report/pages/scale_page.h"

namespace cambium::scale_plots_test {
namespace {
using toy::count;

double loss_of(double n, double d) {
  return 1.8 + 480 / std::pow(n, .35) + 2100 / std::pow(d, .37);
}

ScaleLine line_at(const std::string& fixed, double at) {
  ScaleLine l{.fixed = fixed, .at = at};
  for (double n = 1e7; n < 5e9; n *= 2) {
    const double d = fixed == "tokens" ? at : fixed == "tokens_per_param" ? at * n : 20 * n;
    const double loss = loss_of(n, d);
    l.params.push_back(n);
    l.tokens.push_back(d);
    l.flops.push_back(6 * n * d);
    l.said.push_back(loss);
    l.curve_low.push_back(loss * .99);
    l.curve_high.push_back(loss * 1.01);
    l.run_low.push_back(loss * .97);
    l.run_high.push_back(loss * 1.03);
  }
  return l;
}

ScaleLaw law_group(const std::string& name) {
  ScaleLaw g{.name = name, .runs = 10, .form = "the form is not refuted at 1 %", .run_reach = 0.02};
  for (double ratio : {5.0, 20.0}) g.lines.push_back(line_at("tokens_per_param", ratio));
  g.lines.push_back(line_at("best_split", NAN));
  for (double n = 1e7; n < 1e9; n *= 3)
    for (double ratio : {5.0, 20.0}) {
      const double loss = loss_of(n, ratio * n);
      g.points.push_back({n, ratio * n, 6 * ratio * n * n, NAN, loss * 1.004, loss});
    }
  const double loss = loss_of(3e9, 6e10);
  g.held_out = {{"N = 3e9, D = 6e10",
                 {3e9, 6e10, 1.08e21, NAN, loss * 1.02, NAN},
                 {loss, {loss * .99, loss * 1.01}, {loss * .97, loss * 1.03}},
                 -0.0196,
                 2,
                 1}};
  g.params_exponent = g.tokens_exponent = ScaleSpan{0.5, {0.45, 0.55}};
  for (double c : {1e20, 1e21, 1e22}) {
    const double n = std::sqrt(c / 120);
    g.allocations.push_back({c,
                             {n, {n / 2, n * 2}},
                             {20 * n, {10 * n, 40 * n}},
                             {20, {5, 80}},
                             {2, {1.9, 2.1}, {1.8, 2.2}}});
    ScaleAllocationLine& l = g.allocation_line;
    l.flops.push_back(c);
    l.params.push_back(n);
    l.params_low.push_back(n / 2);
    l.params_high.push_back(n * 2);
    l.tokens.push_back(20 * n);
    l.tokens_low.push_back(10 * n);
    l.tokens_high.push_back(40 * n);
  }
  g.parameters = {{"E", {1.8, {1.7, 1.9}}}};
  return g;
}

ScaleRecord record(std::vector<std::string> groups = {""}) {
  ScaleRecord s{.law = "chinchilla",
                .formula = "L = E",
                .file = "p.csv",
                .needs = {"params", "tokens"},
                .flops_per_nd = 6};
  for (const std::string& g : groups) s.groups.push_back(law_group(g));
  return s;
}

TEST(LawPlot, ShowsLinesRunsAndWhatWasHeldOut) {
  const ScaleRecord s = record();
  const std::string svg = law_plot(s, s.groups[0]);
  toy::expect_drawable(svg);
  for (const char* name : {"5.0 tokens per parameter", "20 tokens per parameter",
                           "held out, measured", "foretold, and 95 % of new runs"})
    EXPECT_GE(count(svg, name), 1u) << name;
  EXPECT_EQ(count(svg, "best split"), 0u) << "that is a picture of its own";
  EXPECT_EQ(count(svg, ", the law says "), s.groups[0].points.size());
}

TEST(LawPlot, RunsHaveTheColourOfTheNearestLine) {
  const ScaleLaw g = law_group("");
  EXPECT_EQ(nearest_line(g, {.params = 1e8, .tokens = 6e8}), 0u);
  EXPECT_EQ(nearest_line(g, {.params = 1e8, .tokens = 3e9}), 1u);
  EXPECT_EQ(nearest_line({}, {.params = 1e8, .tokens = 3e9}), 0u);
  EXPECT_EQ(line_name({.fixed = "tokens", .at = 5e9}), "5.00G tokens");
}

// Of ladders of equal compute every run has its own ratio.
TEST(LawPlot, RunsOffEveryLineHaveNoLinesColour) {
  ScaleRecord s = record();
  EXPECT_EQ(count(law_plot(s, s.groups[0]), "runs off these lines"), 0u);
  s.groups[0].points.push_back({1e8, 1e10, 6e18, NAN, 2.3, 2.3});
  const std::string svg = law_plot(s, s.groups[0]);
  EXPECT_GE(count(svg, "runs off these lines"), 1u);
  EXPECT_EQ(count(svg, ", the law says "), s.groups[0].points.size());
}

TEST(LawPlot, ShowsWhatTheDataItselfLoses) {
  ScaleRecord s = record();
  EXPECT_EQ(count(law_plot(s, s.groups[0]), "the chain itself"), 0u);
  s.own_name = "the chain itself";
  s.own_loss = 1.8;
  const std::string svg = law_plot(s, s.groups[0]);
  toy::expect_drawable(svg);
  EXPECT_GE(count(svg, "the chain itself"), 1u);
}

TEST(LawPlot, AnEndlessIntervalLeavesTheCurveItsRoom) {
  ScaleRecord s = record();
  for (ScaleLine& l : s.groups[0].lines)
    for (double& v : l.run_high) v = 1e200;
  const std::string svg = law_plot(s, s.groups[0]);
  toy::expect_drawable(svg);
  EXPECT_EQ(count(svg, ">1e"), 0u) << "no tick beyond the runs";
}

TEST(ResidualPlot, ShowsPercentAndTheBandOfRuns) {
  const ScaleRecord s = record();
  const std::string svg = residual_plot(s, s.groups[0]);
  toy::expect_drawable(svg);
  EXPECT_EQ(count(svg, "+0.40 %"), s.groups[0].points.size());
  EXPECT_GE(count(svg, "95 % of runs"), 1u);
}

TEST(AllocationPlot, ShowsBothShares) {
  const std::string svg = allocation_plot(law_group(""));
  toy::expect_drawable(svg);
  EXPECT_GE(count(svg, "parameters N*(C)"), 1u);
  EXPECT_EQ(count(svg, "<title>N* "), 3u);
  EXPECT_EQ(count(svg, "<title>D* "), 3u);
}

TEST(ScaleFigures, OneSetAGroupAndOneOfAll) {
  const ScaleRecord s = record({"attention", "mamba"});
  const std::vector<Figure> figures = scale_figures(s);
  std::string names;
  for (const Figure& f : figures) {
    names += f.name + " ";
    toy::expect_drawable(f.svg);
  }
  EXPECT_EQ(names, "groups law-1 residuals-1 allocation-1 law-2 residuals-2 allocation-2 ");
  EXPECT_GE(count(figures[0].svg, ">mamba<"), 1u);
}

TEST(GroupsPlot, MarksWhereLawsCross) {
  ScaleRecord s = record({"a", "b"});
  s.comparisons = {{"a and b cross", "flops", {{1e21, {5e20, 2e21}}}},
                   {"along another quantity", "params", {{1e9, {1e8, 1e10}}}}};
  const std::string svg = groups_plot(s);
  toy::expect_drawable(svg);
  EXPECT_EQ(count(svg, "<title>where laws cross"), 1u);
  EXPECT_EQ(scale_verdict(s).back(), "Along another quantity.");
}

TEST(AllocationPlot, ShowsMinimaOfEqualCompute) {
  ScaleLaw g = law_group("");
  g.minima = {{1e20, {1e9, {5e8, 2e9}}, {2e10, {1e10, 4e10}}}};
  const std::string svg = allocation_plot(g);
  toy::expect_drawable(svg);
  EXPECT_GE(count(svg, ">minima of equal compute<"), 1u);
}

TEST(ScalePage, ShowsExponentsSideBySideAndThatThereIsNoLaw) {
  ScaleRecord s = record({"a"});
  s.exponents = {{"a", "total", "law", {0.5, {0.4, 0.6}}, {0.5, {0.4, 0.6}}, ""},
                 {"a", "body", "isoFLOP", {}, {}, "no minimum is interior"}};
  const std::string page = scale_page(s, {});
  EXPECT_EQ(count(page, "<td>0.5 [0.4, 0.6]</td>"), 2u);
  EXPECT_EQ(count(page, "no minimum is interior"), 1u);
  const ScaleRecord none{.no_law = "two runs are too few"};
  EXPECT_EQ(count(scale_page(none, scale_figures(none)), "Two runs are too few."), 1u);
}

TEST(ScaleFigures, SurviveNothingOnePointEqualAndHugeValues) {
  EXPECT_TRUE(scale_figures({}).empty());
  for (double v : {1.0, 1e-300, 1e300, 0.0, -1.0}) {
    ScaleRecord s = record();
    for (ScaleLine& l : s.groups[0].lines)
      for (auto* values : {&l.said, &l.curve_low, &l.curve_high, &l.run_low, &l.run_high})
        std::ranges::fill(*values, v);
    for (ScaleRun& r : s.groups[0].points) r = {v, v, v, v, v, v};
    for (const Figure& f : scale_figures(s)) toy::expect_drawable(f.svg);
    s.groups[0].points.resize(1);
    s.groups[0].lines.clear();
    s.groups[0].held_out.clear();
    for (const Figure& f : scale_figures(s)) toy::expect_drawable(f.svg);
  }
}

TEST(ScalePage, SaysInWordsWhatFollows) {
  ScaleRecord s = record({"a", "b"});
  s.groups[1] = {.name = "b", .failure = "too few points", .help = "add some"};
  const std::vector<std::string> verdict = scale_verdict(s);
  ASSERT_EQ(verdict.size(), 4u);
  EXPECT_EQ(verdict[0], "a: The form is not refuted at 1 %.");
  EXPECT_EQ(verdict[1],
            "a: Compute is best put into parameters as C^0.5 [0.45, 0.55] and into tokens as C^0.5 "
            "[0.45, 0.55].");
  EXPECT_TRUE(verdict[2].starts_with("a: Held out, N = 3e9, D = 6e10: foretold ")) << verdict[2];
  EXPECT_TRUE(verdict[2].find("1 of 2 runs lie in the 95 % interval of a run") !=
              std::string::npos);
  EXPECT_EQ(verdict[3], "b: not fitted: too few points; add some");
}

TEST(ScalePage, HostileNamesAreTexts) {
  const std::string evil = "\"></svg><script>alert(1)</script>";
  ScaleRecord s = record({evil, "b"});
  s.law = s.formula = s.file = s.command = evil;
  s.groups[0].parameters[0].first = s.groups[0].held_out[0].at = evil;
  EXPECT_EQ(count(scale_page(s, scale_figures(s)), "<script"), 0u);
  for (const Figure& f : scale_figures(s)) toy::expect_drawable(f.svg);
}
}  // namespace
}  // namespace cambium::scale_plots_test
