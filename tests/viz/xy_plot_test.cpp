#include "viz/plot/xy_plot.h"

#include <cmath>
#include <set>

#include "core/text/format.h"
#include "tests/viz/svg_text.h"
#include "viz/plot/axis.h"
#include "viz/plot/text.h"

namespace cambium::xy_plot_test {
namespace {
using toy::count;
using Kind = XyLayer::Kind;

XyPlot plot_of(std::vector<double> x, std::vector<double> y) {
  XyPlot p{.title = "t", .x_label = "x", .y_label = "y"};
  p.layers = {{.kind = Kind::kPoints, .name = "points", .x = x, .y = y},
              {.kind = Kind::kLine, .name = "line", .colour = 1, .x = x, .y = y},
              {.kind = Kind::kBand, .name = "band", .colour = 2, .x = x, .y = y, .high = y}};
  p.notes = {{x.empty() ? 0 : x[0], y.empty() ? 0 : y[0], "here"}};
  return p;
}

TEST(XyPlot, DrawsEachKindOfLayerWithItsLegend) {
  const std::string svg = xy_plot(plot_of({1, 2, 3}, {4, 6, 5}));
  toy::expect_drawable(svg);
  EXPECT_EQ(count(svg, "<circle"), 3u + 1u) << "three points and the key of the legend";
  for (const char* name : {">points<", ">line<", ">band<", ">here<"})
    EXPECT_GE(count(svg, name), 1u) << name;
}

TEST(XyPlot, SurvivesNothingOnePointEqualPointsAndHugeRanges) {
  EXPECT_EQ(count(xy_plot(plot_of({}, {})), "no data"), 1u);
  EXPECT_EQ(count(xy_plot({.title = "t"}), "no data"), 1u);
  EXPECT_EQ(count(xy_plot(plot_of({NAN, INFINITY}, {1, 2})), "no data"), 1u);
  for (bool log : {false, true})
    for (const auto& [x, y] : std::vector<std::pair<std::vector<double>, std::vector<double>>>{
             {{3}, {7}},
             {{3, 3, 3}, {7, 7, 7}},
             {{0, 0}, {0, 0}},
             {{1e-300, 1, 1e300}, {1e300, 1, 1e-300}},
             {{-1e308, 1e308}, {-1e308, 1e308}},
             {{1, NAN, 3}, {1, 2, INFINITY}},
             {{-3, 5}, {-2, 8}},
             {{1e9, 1e9 + 1e-3}, {1, 1 + 1e-15}}}) {
      XyPlot p = plot_of(x, y);
      p.log_x = p.log_y = log;
      const std::string svg = xy_plot(p);
      toy::expect_drawable(svg);
      EXPECT_EQ(count(svg, "nan") + count(svg, "inf"), 0u) << svg;
    }
}

TEST(XyPlot, HostileNamesAreTexts) {
  XyPlot p = plot_of({1, 2}, {1, 2});
  p.title = p.x_label = p.y_label = p.layers[0].name = p.notes[0].text = "\"><script>x</script>";
  p.layers[0].tips = {"</svg><script>", "\xff\x01"};
  toy::expect_drawable(xy_plot(p));
}

TEST(XyPlot, NotesDoNotCoverOneAnother) {
  XyPlot p = plot_of({1, 2}, {1, 2});
  p.notes = {{1, 1, "first"}, {1, 1, "second"}, {1, 1, "third"}, {2, 2, "at the end"}};
  const std::string svg = xy_plot(p);
  std::set<std::string> places;
  const std::regex note("<text x=\"([^\"]*)\" y=\"([^\"]*)\"[^>]*>(first|second|third)<");
  for (std::sregex_iterator m(svg.begin(), svg.end(), note), end; m != end; ++m)
    places.insert((*m)[2]);
  EXPECT_EQ(places.size(), 3u) << svg;
  EXPECT_EQ(count(svg, "text-anchor=\"end\" font-size=\"11\">at the end"), 1u) << svg;
}

// A line that goes by right angles through a point would strike its name out.
TEST(XyPlot, NotesStandBesideTheirLines) {
  for (const double y : {0., 1.}) {
    const XyPlot p{
        .title = "t",
        .x_label = "x",
        .y_label = "y",
        .layers = {{.x = {0, 1}, .y = {y, y}, .size = 3}, {.x = {0, 1}, .y = {0, 1}, .size = 3}},
        .notes = {{1, y, "name"}}};
    const std::string svg = xy_plot(p);
    const size_t end = svg.find(">name</text>"), begin = svg.rfind("<text ", end),
                 circle = svg.find("<circle", svg.find("<circle") + 1);
    const auto y_of = [&](size_t from, const std::string& key) {
      return std::stod(svg.substr(svg.find(key, from) + key.size()));
    };
    EXPECT_GE(std::abs(y_of(begin, " y=\"") - 4 - y_of(circle, "cy=\"")), 10) << svg;
  }
}

TEST(XyPlot, ALongLegendMakesThePictureHigher) {
  XyPlot p{.title = "t", .x_label = "x", .y_label = "y"};
  for (int i = 0; i < 40; ++i)
    p.layers.push_back({.name = str("a group with a long name, number ", i),
                        .colour = size_t(i),
                        .x = {1, 2},
                        .y = {1, double(i)}});
  const std::string svg = xy_plot(p);
  toy::expect_drawable(svg);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(count(svg, str("number ", i, "<")), 3u);
}

TEST(XyPlot, IntervalsOfPointsWidenTheAxes) {
  XyPlot p{.title = "t", .x_label = "x", .y_label = "y"};
  p.layers = {{.name = "p", .x = {1, 2}, .y = {5, 5}, .y_low = {0, NAN}, .y_high = {10, NAN}}};
  const std::string svg = xy_plot(p);
  toy::expect_drawable(svg);
  EXPECT_EQ(count(svg, "m-3,0h6"), 1u) << "one point has an interval";
  EXPECT_GE(count(svg, ">10<"), 1u);
}

TEST(Steps, GoAlongOneAxisFirst) {
  std::vector<double> x = {1, 2, 4}, y = {5, 6, 9}, x2 = x, y2 = y;
  make_steps(x, y, StepFirst::kAlongX);
  EXPECT_EQ(x, (std::vector<double>{1, 2, 2, 4, 4}));
  EXPECT_EQ(y, (std::vector<double>{5, 5, 6, 6, 9}));
  make_steps(x2, y2, StepFirst::kAlongY);
  EXPECT_EQ(x2, (std::vector<double>{1, 1, 2, 2, 4}));
  EXPECT_EQ(y2, (std::vector<double>{5, 6, 6, 9, 9}));
  std::vector<double> none;
  make_steps(none, none, StepFirst::kAlongX);
  EXPECT_TRUE(none.empty());
}

TEST(WantsLog, OnlyWhatIsPositiveAndSpread) {
  EXPECT_TRUE(wants_log({1, 100}));
  EXPECT_FALSE(wants_log({1, 10}));
  EXPECT_FALSE(wants_log({0, 100}));
  EXPECT_FALSE(wants_log({}));
}

std::string labels(const Axis& a) {
  std::string out;
  for (const Tick& t : a.ticks) out += (out.empty() ? "" : " ") + t.label;
  return out;
}

TEST(Axis, LogarithmicTicksWithinADecadeAreEven) {
  EXPECT_EQ(labels(make_axis(2.1, 4.2, 5, true)), "2.5 3.0 3.5 4.0");
  EXPECT_EQ(labels(make_axis(1e18, 1e24, 6, true)), "1e18 1e19 1e20 1e21 1e22 1e23 1e24");
}

TEST(Text, LargeNumbersHaveExponents) {
  EXPECT_EQ(compact(1.3e22), "1.3e22");
  EXPECT_EQ(compact(1.3e17), "130P");
  EXPECT_EQ(scientific(1e-5, 2), "1e-5");
  EXPECT_EQ(scientific(-1.25e22, 2), "-1.25e22");
  EXPECT_EQ(plain(93.123456), "93.1235");
  EXPECT_EQ(plain(125000), "125000");
  EXPECT_EQ(plain(NAN), "-");
}
}  // namespace
}  // namespace cambium::xy_plot_test
