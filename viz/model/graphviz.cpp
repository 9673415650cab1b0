#include "viz/model/graphviz.h"

#include <algorithm>
#include <array>

#include "core/text/json.h"
#include "viz/model/model_json.h"
#include "viz/model/svg_filter.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
// From good-looking to fast. Measured with dot 2.43: 2,160 nodes 8 s -> 0.8 s on the second rung,
// 48 fully connected nodes over 60 s -> 3 s on the third.
const std::array<std::vector<std::string>, 3> kLadder = {
    {{},
     {"-Gsplines=line", "-Gnslimit=2", "-Gnslimit1=2", "-Gmclimit=.5"},
     {"-Gsplines=false", "-Gnslimit=1", "-Gmclimit=.2"}}};

// Where to begin, from the size alone, so that the same graph gives the same picture on a slow
// machine.
size_t first_rung(const std::string& dot_text) {
  size_t arrows = 0;
  for (size_t at = dot_text.find(" -> "); at != std::string::npos;
       at = dot_text.find(" -> ", at + 1))
    ++arrows;
  return arrows > 2500 ? 2 : arrows > 700 ? 1 : 0;
}

std::string first_lines(std::string_view text) {
  std::string shown = visible(text.substr(0, 400));
  while (!shown.empty() && shown.back() == '\n') shown.pop_back();
  return shown;
}

constexpr std::string_view kStandalone =
    "text{font-family:Helvetica,Arial,\"DejaVu Sans\",sans-serif}";
}  // namespace

std::string run_dot(const std::string& dot_text, const std::string& format,
                    const GraphvizOptions& options) {
  for (size_t rung = first_rung(dot_text); rung < kLadder.size(); ++rung) {
    std::vector<std::string> argv = {options.command, "-T" + format};
    if (format == "png") argv.insert(argv.end(), {"-Gdpi=144", "-Gbgcolor=white"});
    argv.insert(argv.end(), kLadder[rung].begin(), kLadder[rung].end());
    ProcessResult r = run_process(argv, dot_text, options.limits);
    if (!r.found)
      throw RuntimeError(str("cannot draw: there is no program '", options.command, "'"),
                         "install Graphviz: apt install graphviz; or write a .dot file instead");
    if (r.timed_out) continue;
    if (r.exit_code == 0 && !r.out.empty()) return std::move(r.out);
    throw RuntimeError(str("'", options.command, "' failed with code ", r.exit_code,
                           r.err.empty() ? "" : ": ", first_lines(r.err)),
                       "draw fewer boxes with a smaller --depth, or write a .dot file instead");
  }
  throw RuntimeError(
      str("'", options.command, "' did not finish a layout within ", options.limits.seconds, " s"),
      "draw fewer boxes with a smaller --depth, or write a .dot file instead");
}

PictureFormat picture_format(const std::string& path) {
  const auto ends = [&](std::string_view e) { return path.ends_with(e); };
  if (ends(".svg")) return PictureFormat::kSvg;
  if (ends(".dot") || ends(".gv")) return PictureFormat::kDot;
  if (ends(".png")) return PictureFormat::kPng;
  if (ends(".json")) return PictureFormat::kJson;
  throw UserError(str("'", path, "' has no known picture format"),
                  "end the name with .svg, .png, .dot or .json");
}

std::string picture_css() {
  std::string dark;
  for (Tint t : {Tint::kGrid, Tint::kTokens, Tint::kGraph, Tint::kVector, Tint::kAdapter,
                 Tint::kReorder, Tint::kPlain}) {
    const std::string_view name = style_of(t).name;
    // The tint's own hue, mixed into the dark page.
    constexpr std::array<std::array<std::string_view, 3>, 7> shades = {
        {{"#12344d", "#13202b", "#5aa9dd"},
         {"#4a3608", "#262015", "#e0a83a"},
         {"#0d4033", "#13251f", "#3fbf9b"},
         {"#363b46", "#1d2027", "#8e97a6"},
         {"#512a42", "#2a1c25", "#dd8dbd"},
         {"#5a201d", "#2d1817", "#f0736b"},
         {"#22262e", "#22262e", "#9aa3b2"}}};
    const auto& s = shades[size_t(t)];
    const auto rule = [&](std::string_view where, std::string_view fill) {
      for (std::string_view el : {"path", "polygon", "ellipse"})
        dark += str(el == "path" ? "" : ",", ".", where, ".", name, " ", el);
      dark += str("{fill:", fill, ";stroke:", s[2], "}");
    };
    rule("node", s[0]);
    rule("cluster", s[1]);
  }
  // The second outline of a fold is a line, not an area.
  dark += ".node path[fill=\"none\"]{fill:none!important}";
  dark += ".node text,.cluster text,.graph>text{fill:#e6e9ef}";
  dark +=
      "text[fill=\"#5b6470\"]{fill:#aab3c0!important}text[fill=\"#a33b00\"]{fill:#ffa46b!"
      "important}";
  // Heat keeps its light fills, and dark text on them.
  dark += str(".node.heat text{fill:", kLegendInk, "!important}");
  dark += str("text[fill=\"", kLegendInk, "\"]{fill:", kLegendInk, "!important}");
  dark += ".edge path{stroke:#97a1b0}.edge polygon{fill:#97a1b0;stroke:#97a1b0}";
  dark += ".edge.residual path{stroke:#ff8f4a}.edge.residual polygon{fill:#ff8f4a;stroke:#ff8f4a}";
  return str("@media (prefers-color-scheme:dark){", dark, "}");
}

std::string inline_picture(const ModelPicture& m, const GraphvizOptions& options) {
  return filter_svg(run_dot(to_dot(m, {.legend = false, .title = false}), "svg", options));
}

std::string render_picture(const ModelPicture& m, PictureFormat format, const DotOptions& dot,
                           const GraphvizOptions& options) {
  if (format == PictureFormat::kJson) return to_text(to_json(m), 1) + "\n";
  std::string text = to_dot(m, dot);
  if (format == PictureFormat::kDot) return text;
  if (format == PictureFormat::kPng) return run_dot(text, "png", options);
  std::string svg = filter_svg(run_dot(text, "svg", options));
  const std::string style =
      str("<style>", kStandalone, picture_css(), "</style>", "<title>", escape_markup(m.title),
          "</title><desc>", escape_markup(outline(m)), "</desc>");
  svg.insert(svg.find('>') + 1, style);
  return svg;
}
}  // namespace cambium
