#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "viz/model/svg_filter.h"
#include "viz/plot/axis.h"
#include "viz/plot/palette.h"
#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"
#include "viz/report/curves.h"

namespace cambium::plot_test {
namespace {
std::string labels(const Axis& a) {
  std::string out;
  for (const Tick& t : a.ticks) out += (out.empty() ? "" : " ") + t.label;
  return out;
}

size_t count(std::string_view text, std::string_view word) {
  size_t n = 0;
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++n;
  return n;
}

TEST(Axis, TicksAreOneTwoOrFiveTimesAPowerOfTen) {
  EXPECT_EQ(labels(make_axis(0, 10, 5)), "0 2 4 6 8 10");
  EXPECT_EQ(labels(make_axis(0.07, 0.93, 5)), "0.2 0.4 0.6 0.8");
  EXPECT_EQ(labels(make_axis(0, 52000, 5)), "0 10k 20k 30k 40k 50k");
  EXPECT_EQ(labels(make_axis(-3, 3, 3)),
            "\xE2\x88\x92"
            "2 0 2");
}

TEST(Axis, LogarithmicTicksArePowers) {
  EXPECT_EQ(labels(make_axis(0.001, 1000, 4, true)), "0.01 1 100");
  EXPECT_EQ(labels(make_axis(1, 10, 5, true)), "1 2 5 10");
}

TEST(Axis, SurvivesEmptyAndInfiniteAndNegativeRanges) {
  EXPECT_GE(make_axis(5, 5, 5).ticks.size(), 2u);
  EXPECT_GE(make_axis(0, 0, 5).ticks.size(), 2u);
  EXPECT_GE(make_axis(NAN, INFINITY, 5).ticks.size(), 2u);
  EXPECT_GT(make_axis(-1, 100, 5, true).low, 0);
  EXPECT_GE(make_axis(3, 3, 5, true).ticks.size(), 1u);
}

TEST(Axis, EveryTickLiesInsideAndLabelsDiffer) {
  for (double low : {-1e9, -3.3, 0.0, 0.9134, 12345.0})
    for (double extent : {1e-3, 0.37, 8.0, 1e6}) {
      const Axis a = make_axis(low, low + extent, 5);
      for (size_t i = 0; i < a.ticks.size(); ++i) {
        EXPECT_GE(a.fraction(a.ticks[i].value), -1e-6);
        EXPECT_LE(a.fraction(a.ticks[i].value), 1 + 1e-6);
        if (i == 0 || std::abs(low) >= 1e4) continue;
        EXPECT_NE(a.ticks[i].label, a.ticks[i - 1].label);
      }
      EXPECT_LE(a.ticks.size(), 12u);
    }
}

TEST(Thinned, KeepsTheMeanAndTheLimit) {
  Curve c;
  for (int i = 0; i < 1000; ++i) {
    c.x.push_back(i);
    c.y.push_back(i % 2);
  }
  const Curve t = thinned(c, 100);
  EXPECT_EQ(t.x.size(), 100u);
  for (double y : t.y) EXPECT_DOUBLE_EQ(y, 0.5);
}

TEST(BandOf, CoversAllCurvesWhereAllExist) {
  const std::vector<Curve> curves = {{"a", {0, 10}, {0, 10}}, {"b", {5, 20}, {4, 4}}};
  const Band b = band_of(curves, 6);
  EXPECT_EQ(b.x.front(), 5);
  EXPECT_EQ(b.x.back(), 10);
  EXPECT_DOUBLE_EQ(b.high.back(), 10);
  EXPECT_DOUBLE_EQ(b.low.back(), 4);
  EXPECT_DOUBLE_EQ(b.mean.back(), 7);
}

TEST(LinePlot, DrawsMeansBandsSeedsAndEscapesNames) {
  LinePlot p{.title = "<script>", .x_label = "steps", .y_label = "a&b"};
  p.series = {{"x\"><script>", 0, {{1, 2}, {3, 4}, {2, 3}, {4, 5}}, {{"seed 1", {1, 2}, {3, 4}}}}};
  const std::string svg = line_plot(p);
  EXPECT_EQ(count(svg, "<script"), 0u);
  EXPECT_EQ(count(svg, "fill-opacity=\"0.16\""), 1u);
  EXPECT_EQ(count(svg, "<title>seed 1</title>"), 1u);
  EXPECT_NO_THROW(filter_svg(svg)) << "not well-formed";
}

TEST(LinePlot, LeavesOutWhatIsNotFinite) {
  LinePlot p{.title = "t", .x_label = "x", .y_label = "y", .log_y = true};
  p.series = {{"s", 0, {{1, 2, 3}, {NAN, 0, 5}, {NAN, -1, 4}, {INFINITY, 0, 6}}, {}}};
  const std::string svg = line_plot(p);
  EXPECT_EQ(count(svg, "nan"), 0u);
  EXPECT_EQ(count(svg, "inf"), 0u);
}

TEST(LinePlot, SaysWhenThereIsNothing) {
  EXPECT_EQ(count(line_plot({.title = "t", .x_label = "x", .y_label = "y"}), "no data"), 1u);
}

// The x of the first text that says `what`.
double x_of(const std::string& svg, const std::string& what) {
  const size_t end = svg.find(">" + what + "</text>"), begin = svg.rfind("<text x=\"", end);
  return end == svg.npos ? NAN : std::stod(svg.substr(begin + 9));
}

TEST(IntervalPlot, WideLettersHaveRoom) {
  EXPECT_GT(text_width("WWWW"), 1.5 * text_width("nnnn"));
  EXPECT_LT(text_width("iiii"), 0.7 * text_width("nnnn"));
  for (const char* name : {"attn@mod7", "gru@copy4", "WWWWWWWWWW", "iiiiiiiiii"}) {
    const IntervalPlot p{.title = "t", .x_label = "x", .rows = {{name, "1", 0, 1, .5, 1.5, {}}}};
    EXPECT_GE(x_of(interval_plot(p), name), text_width(name, true)) << "it ends there: " << name;
    const LinePlot l{.title = "t",
                     .x_label = "x",
                     .y_label = "y",
                     .series = {{name, 0, {{0, 1}, {0, 1}, {0, 1}, {0, 1}}, {}}}};
    EXPECT_LE(x_of(line_plot(l), name) + text_width(name, true), 620) << name;
  }
  EXPECT_EQ(fitted("abcdef", 1000), "abcdef");
  const std::string cut = fitted(std::string(80, 'W'), 100);
  EXPECT_TRUE(cut.ends_with("W...")) << cut;
  EXPECT_LE(text_width(cut), 100);
}

TEST(Palette, SixteenSeriesDiffer) {
  std::set<std::string_view> colours(kSeriesColours.begin(), kSeriesColours.end());
  EXPECT_EQ(colours.size(), 16u);
}

TEST(IntervalPlot, RowWithoutIntervalShowsOnlyItsMean) {
  const IntervalPlot p{.title = "t",
                       .x_label = "x",
                       .zero_line = true,
                       .rows = {{"a", "1", 0, 1, 0.5, 1.5, {}}, {"b", "2", 1, 2, NAN, NAN, {}}}};
  EXPECT_EQ(count(interval_plot(p), "v12"), 2u);
  EXPECT_EQ(count(interval_plot(p), "l6,6"), 2u);
}

TEST(BarPlot, MarksTheReference) {
  const BarPlot p{.title = "t", .x_label = "x", .rows = {{"a", "1", 0, 1, 2}, {"b", "", 1, 1, 0}}};
  EXPECT_EQ(count(bar_plot(p), "stroke-width=\"2\""), 1u);
  EXPECT_EQ(count(bar_plot(p), "<rect"), 2u);
}
}  // namespace
}  // namespace cambium::plot_test
