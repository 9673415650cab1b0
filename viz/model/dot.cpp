#include "viz/model/dot.h"

#include <algorithm>
#include <set>

#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr std::string_view kInk = "#1f2430", kSoftInk = "#5b6470";

struct ArrowStyle {
  std::string_view name, meaning, colour, line;
};

constexpr ArrowStyle style_of(ArrowKind k) {
  constexpr ArrowStyle styles[] = {{"data", "data", "#5b6470", "solid"},
                                   {"residual", "residual, skip", "#d55e00", "solid"},
                                   {"adjacency", "graph structure", "#008060", "dashed"},
                                   {"state", "state kept between steps", "#6b7280", "dotted"}};
  return styles[size_t(k)];
}

std::string small(std::string_view text, std::string_view colour = kSoftInk) {
  return str("<FONT POINT-SIZE=\"9\" COLOR=\"", colour, "\">", escape_markup(text), "</FONT>");
}

// Long names would make boxes as wide as the page.
std::string clipped(std::string_view s) {
  std::string shown = visible(s);
  if (shown.size() <= 48) return shown;
  size_t end = 45;
  while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xC0) == 0x80) --end;
  return shown.substr(0, end) + "...";
}

std::string one_line(std::string s) {
  std::ranges::replace(s, '\n', ' ');
  return s;
}

std::string html_label(const ModelPicture& m, const Box& b) {
  const bool model = &b == &m.boxes[0];
  // A frame's label stands at the left, so its lines begin there.
  const std::string_view end = b.children.empty() ? "<BR/>" : "<BR ALIGN=\"LEFT\"/>";
  std::string out = str("<B>", escape_markup(one_line(clipped(model ? m.title : b.label))), "</B>");
  if (!b.op.empty() && b.op != b.label) out += str(kHardSpace, escape_markup(b.op));
  if (b.repeat > 1)
    out += str(kHardSpace, kHardSpace, "<FONT COLOR=\"#a33b00\"><B>", kTimes, b.repeat,
               "</B></FONT>", b.chained ? "" : " side by side");
  const std::string_view ink = m.heat ? kInk : kSoftInk;  // soft ink would fade on a hot fill
  if (!b.detail.empty()) out += str(end, small(one_line(clipped(b.detail)), ink));
  if (b.kind == BoxKind::kInput || b.kind == BoxKind::kState)
    out += str(end, small(extents_text(b.out), ink));
  if (const std::string numbers = numbers_text(m, b); !numbers.empty())
    out += str(end, small(numbers, ink));
  if (const std::string heat = heat_text(m, b); !heat.empty())
    out += str(end, "<B>", small(heat, kInk), "</B>");
  return str("<", out, b.children.empty() ? "" : end, ">");
}

std::string tooltip(const Box& b) {
  std::string out = b.path;
  if (!b.op.empty()) out += str("\n", b.op, b.attrs.empty() ? "" : str("(", b.attrs, ")"));
  out += str("\nout: ", extents_text(b.out));
  if (b.mark.known()) out += str("\n", b.mark.file, ":", b.mark.line);
  return out;
}

std::string_view shape_of(const Box& b) {
  if (b.kind == BoxKind::kInput || b.kind == BoxKind::kOutput) return "oval";
  if (b.kind == BoxKind::kState) return "cylinder";
  return b.tint == Tint::kAdapter ? "hexagon" : "box";
}

std::string_view kind_name(BoxKind k) {
  constexpr std::string_view names[] = {"block", "op", "input", "state", "output"};
  return names[size_t(k)];
}

struct BoxColours {
  std::string_view name, fill, frame, stroke;
};

// Under heat the fill is the time, and a frame lets its boxes speak. What has no time of its own
// stays white.
BoxColours colours_of(const ModelPicture& m, const Box& b) {
  const TintStyle tint = style_of(b.tint);
  if (!m.heat) return {tint.name, tint.fill, tint.frame, tint.stroke};
  const TintStyle plain = style_of(Tint::kPlain);
  if (b.ms <= 0 || !b.children.empty()) return {plain.name, plain.fill, plain.frame, tint.stroke};
  return {"heat", kHeatColours[size_t(m.heat->level(b.ms))], plain.frame, tint.stroke};
}

void write_box(const ModelPicture& m, int id, int level, std::string& out) {
  const Box& b = m.boxes[size_t(id)];
  const BoxColours tint = colours_of(m, b);
  const std::string indent(size_t(2 * level), ' ');
  if (b.children.empty()) {
    const bool box = shape_of(b) == "box";
    out += str(indent, "n", id, " [label=", html_label(m, b), ", tooltip=", dot_quote(tooltip(b)));
    out += str(", class=", dot_quote(str(kind_name(b.kind), " ", tint.name)));
    out += str(", shape=", shape_of(b), ", style=", box ? "\"rounded,filled\"" : "filled");
    out += str(", fillcolor=", dot_quote(tint.fill), ", color=", dot_quote(tint.stroke));
    // A second outline is the stack of copies that stands here.
    if (b.repeat > 1) out += ", peripheries=2";
    if (b.tint == Tint::kReorder) out += ", penwidth=2";
    out += "];\n";
    return;
  }
  out += str(indent, "subgraph cluster_", id, " {\n");
  // At the left, where no arrow runs through it.
  out += str(indent, "  label=", html_label(m, b), "; labelloc=t; labeljust=l");
  out += str("; tooltip=", dot_quote(tooltip(b)));
  out += str("; class=", dot_quote(str("frame ", tint.name)), ";\n");
  out += str(indent, "  style=\"rounded,filled\"; fillcolor=", dot_quote(tint.frame),
             "; color=", dot_quote(tint.stroke), "; penwidth=", b.repeat > 1 ? "2.4" : "1", ";\n");
  for (int child : b.children) write_box(m, child, level + 1, out);
  out += indent + "}\n";
}

std::string shapes_text(const Arrow& a) {
  std::string out;
  for (size_t i = 0; i < std::min<size_t>(2, a.shapes.size()); ++i)
    out += str(i ? ", " : "", a.shapes[i]);
  if (a.shapes.size() > 2) out += str(" +", a.shapes.size() - 2);
  return out;
}

void write_arrow(const ModelPicture& m, const Arrow& a, std::string& out) {
  const ArrowStyle style = style_of(a.kind);
  const std::string shapes = shapes_text(a);
  const std::string about =
      str(m.boxes[size_t(a.from)].path, " to ", m.boxes[size_t(a.to)].path, "\n", shapes);
  out += str("  n", a.from, " -> n", a.to, " [class=", dot_quote(style.name));
  out += str(", color=", dot_quote(style.colour), ", style=", style.line);
  if (a.kind == ArrowKind::kData || a.kind == ArrowKind::kAdjacency)
    out += str(", label=<", small(str(" ", shapes, " ")), ">");
  if (a.kind == ArrowKind::kResidual) out += ", penwidth=1.6";
  if (a.kind == ArrowKind::kState) out += ", constraint=false";
  out += str(", tooltip=", dot_quote(about), "];\n");
}

constexpr std::string_view kSwatches =
    "<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"4\" CELLPADDING=\"3\"><TR>";

std::string swatch(std::string_view stroke, std::string_view fill, std::string_view meaning) {
  return str("<TD BORDER=\"1\" COLOR=\"", stroke, "\" BGCOLOR=\"", fill, "\">",
             small(meaning, kLegendInk), "</TD>");
}

std::string tint_swatches(const std::set<Tint>& tints) {
  std::string out(kSwatches);
  for (Tint t : tints) {
    const TintStyle s = style_of(t);
    out += swatch(s.stroke, s.fill, s.meaning);
  }
  return out + "</TR></TABLE>";
}

std::string heat_swatches(const Heat& heat) {
  std::string out(kSwatches);
  for (int level = 0; level < Heat::kLevels; ++level) {
    const double share =
        heat.hottest_ms / std::max(1e-9, heat.step_ms) * (level + 1) / Heat::kLevels;
    out += swatch(kSoftInk, kHeatColours[size_t(level)], str("to ", fixed(100 * share, 1), "%"));
  }
  return out + "</TR></TABLE>";
}

// What the colours leave out.
std::string heat_line(const Heat& heat) {
  std::string out =
      str("share of a step of ", compact(heat.step_ms), " ms, gradients included; not drawn:");
  for (size_t i = 0; i < heat.elsewhere.size(); ++i)
    out += str(i ? ", " : " ", visible(heat.elsewhere[i].first), " ",
               compact(heat.elsewhere[i].second), " ms");
  return small(out);
}

// Only what occurs in the picture.
std::string legend_label(const ModelPicture& m) {
  std::set<Tint> tints;
  std::set<ArrowKind> kinds;
  bool folded = false;
  for (const Box& b : m.boxes) {
    if (&b != &m.boxes[0]) tints.insert(b.tint);
    folded |= b.repeat > 1;
  }
  for (const Arrow& a : m.arrows) kinds.insert(a.kind);
  const std::string out = m.heat ? heat_swatches(*m.heat) : tint_swatches(tints);
  std::string lines;
  for (ArrowKind k : kinds)
    if (k != ArrowKind::kData)
      lines +=
          str("<FONT POINT-SIZE=\"9\" COLOR=\"", style_of(k).colour, "\">", kHardSpace, kHardSpace,
              k == ArrowKind::kResidual ? "\xE2\x94\x81\xE2\x94\x81 " : "\xE2\x95\x8C\xE2\x95\x8C ",
              style_of(k).meaning, "</FONT>");
  if (folded)
    lines += small(str(kHardSpace, kHardSpace, kTimes, "n: n equal neighbours, drawn once",
                       m.heat ? ", their time summed" : ""));
  if (m.heat) lines = str(heat_line(*m.heat), lines.empty() ? "" : "<BR/>", lines);
  if (lines.empty()) return str(out, ">");
  // Mixing text and tables needs an outer table.
  return str("<<TABLE BORDER=\"0\" CELLSPACING=\"0\"><TR><TD>", out.substr(1), "</TD></TR><TR><TD>",
             lines, "</TD></TR></TABLE>>");
}
}  // namespace

std::string dot_quote(std::string_view s) {
  std::string out = "\"";
  for (char c : visible(s)) {
    if (c == '\\' || c == '"')
      out += str("\\", std::string(1, c));
    else if (c == '\n')
      out += "\\n";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out + "\"";
}

std::string to_dot(const ModelPicture& m, const DotOptions& options) {
  std::string out = "digraph model {\n";
  out += "  graph [rankdir=TB, nodesep=0.25, ranksep=0.3, fontname=\"Helvetica\", fontsize=12, ";
  out += "pad=0.15, bgcolor=transparent";
  if (options.legend) out += str(", labelloc=b, label=", legend_label(m));
  out += "];\n";
  out += str("  node [fontname=\"Helvetica\", fontsize=12, fontcolor=\"", kInk,
             "\", margin=\"0.12,0.06\", height=0.3, width=0.6];\n");
  out += str("  edge [fontname=\"Helvetica\", fontsize=9, fontcolor=\"", kSoftInk,
             "\", arrowsize=0.6];\n");
  if (m.boxes[0].children.empty() || options.title) {
    write_box(m, 0, 1, out);
  } else {
    for (int child : m.boxes[0].children) write_box(m, child, 1, out);
  }
  for (const Arrow& a : m.arrows) write_arrow(m, a, out);
  return out + "}\n";
}
}  // namespace cambium
