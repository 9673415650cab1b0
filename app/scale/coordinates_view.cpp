#include "app/scale/coordinates_view.h"

#include <algorithm>
#include <cmath>

#include "app/tables/table.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "core/text/number.h"
#include "viz/plot/svg_plot.h"

namespace cambium {
namespace {
std::string slope_text(double slope) {
  return fmt::format("{:+.2f}", slope);
}

std::string sizes_text(const CoordinateCheck& c) {
  std::string out;
  for (const int64_t s : c.sizes) out += str(out.empty() ? "" : ", ", s);
  return out;
}

// After which steps the table shows a slope: the first, the middle on a logarithmic scale, the
// last.
std::vector<size_t> shown_steps(size_t steps) {
  std::vector<size_t> out = {1};
  const auto middle = size_t(std::llround(std::sqrt(double(steps))));
  if (middle > 1) out.push_back(middle);
  if (steps > out.back()) out.push_back(steps);
  return out;
}

// "repeat.0.residual.ffn" as "0 ffn": a plot has room for little more.
std::string short_name(std::string_view path) {
  std::string copies, last;
  for (std::string_view rest = path; !rest.empty();) {
    const size_t end = std::min(rest.find('.'), rest.size());
    last = rest.substr(0, end);
    if (last.find_first_not_of("0123456789") == std::string::npos) copies += last + " ";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return copies + last;
}

// The blocks of this verdict.
std::string blocks_of(const CoordinateCheck& c, SlopeVerdict v) {
  std::string out;
  for (const LayerChange& l : c.layers)
    if (l.verdict == v) out += str(out.empty() ? "" : ", ", "'", l.path, "'");
  return out;
}

std::string verdict_text(const CoordinateCheck& c) {
  const std::string limit = fmt::format("{} ^ {:.2g}", c.vary, c.most_slope);
  const std::string fastest = fmt::format("the fastest: {:+.3f}, '{}'", c.worst, c.worst_path);
  if (c.verdict == SlopeVerdict::kPasses)
    return str("passes: no change grows faster than ", limit, " (", fastest, ")\n");
  if (c.verdict == SlopeVerdict::kFails)
    return str("fails: changes grow faster than ", limit, " (", fastest, ") in ",
               blocks_of(c, SlopeVerdict::kFails), "\n");
  return str("cannot tell: changes grow faster than ", limit, " (", fastest, ") in ",
             blocks_of(c, SlopeVerdict::kUnclear),
             ", by less than three standard errors; more seeds tell: --check-seeds\n");
}
}  // namespace

std::string coordinates_text(const CoordinateCheck& c) {
  const size_t steps = c.layers.front().change.size();
  const std::vector<size_t> shown = shown_steps(steps);
  std::vector<std::string> head = {"block", "start"};
  for (const size_t t : shown) head.push_back(str("step ", t));
  head.insert(head.end(),
              {"worst", str("change at ", c.sizes.front()), str("change at ", c.sizes.back())});
  std::vector<size_t> right;
  for (size_t i = 1; i < head.size(); ++i) right.push_back(i);
  Table table(right);
  table.row(head);
  for (const LayerChange& l : c.layers) {
    std::vector<std::string> row = {l.path, slope_text(l.start_slope)};
    for (const size_t t : shown) row.push_back(slope_text(l.slopes[t - 1]));
    row.push_back(c.seeds > 1 ? fmt::format("{} +- {:.2f}", slope_text(l.worst), l.worst_error)
                              : slope_text(l.worst));
    for (const double v : {l.change.back().front(), l.change.back().back()})
      row.push_back(fmt::format("{:.3g}", v));
    table.row(row);
  }
  return str("coordinate check of the parameterisation ", c.parameterisation, ": ", c.vary, " = ",
             sizes_text(c), ", ", steps, " steps\nslopes of log size by log ", c.vary,
             ": of what each block hands on at the start, and of its change after steps",
             c.seeds > 1 ? str("; ", c.seeds, " seeds, standard error of the worst") : "", "\n\n",
             table.text(), "\n", verdict_text(c));
}

Json coordinates_json(const CoordinateCheck& c) {
  Json layers = Json::array();
  for (const LayerChange& l : c.layers) {
    layers.push_back({{"path", l.path},
                      {"block", l.block},
                      {"start", l.start},
                      {"change", l.change},
                      {"low", l.low},
                      {"high", l.high},
                      {"start_slope", l.start_slope},
                      {"slopes", l.slopes},
                      {"errors", l.errors},
                      {"worst", l.worst},
                      {"verdict", name_of(l.verdict)}});
  }
  return {{"parameterisation", c.parameterisation},
          {"vary", c.vary},
          {"sizes", c.sizes},
          {"layers", std::move(layers)},
          {"worst", c.worst},
          {"worst_path", c.worst_path},
          {"most_slope", c.most_slope},
          {"seeds", c.seeds},
          {"verdict", name_of(c.verdict)}};
}

std::string coordinates_svg(const CoordinateCheck& c) {
  LinePlot plot{.title = str(c.parameterisation, ": change of what each block hands on, after ",
                             c.layers.front().change.size(), " steps"),
                .x_label = c.vary,
                .y_label = "root mean square of the change",
                .log_x = true,
                .log_y = true};
  const std::vector<double> x(c.sizes.begin(), c.sizes.end());
  for (size_t i = 0; i < c.layers.size(); ++i) {
    const LayerChange& l = c.layers[i];
    plot.series.push_back({.name = str(short_name(l.path), " ", slope_text(l.slopes.back())),
                           .colour = i,
                           .band = {x, l.change.back(), l.low, l.high}});
  }
  return line_plot(plot);
}

std::vector<int64_t> parse_sizes(const std::string& text) {
  std::vector<int64_t> out;
  size_t at = 0;
  while (at <= text.size()) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const std::string item = text.substr(at, comma - at);
    const bool digits = !item.empty() && item.size() < 10 &&
                        item.find_first_not_of("0123456789") == std::string::npos;
    if (!digits)
      throw UserError(str("'", item, "' in --widths ", text, " is no whole number"),
                      "write --widths 32,64,128,256");
    out.push_back(std::stoll(item));
    at = comma + 1;
  }
  return out;
}
}  // namespace cambium
