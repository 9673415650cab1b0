#include "viz/report/pages/scale_page.h"

#include <cmath>

#include "core/text/fmt.h"
#include "core/text/format.h"
#include "viz/plot/text.h"
#include "viz/report/page.h"
#include "viz/scale/scale_plots.h"

namespace cambium {
namespace {
std::string four_digits(double v) {
  if (std::isnan(v)) return "-";
  return std::abs(v) >= 1e4 ? scientific(v, 3) : fmt::format("{:.4g}", v);
}

std::string interval_words(Interval i) {
  if (std::isnan(i.low) || std::isnan(i.high)) return "-";
  return str("[", four_digits(i.low), ", ", four_digits(i.high), "]");
}

std::string compact_span(const ScaleSpan& s) {
  return str(compact(s.value), " [", compact(s.interval.low), ", ", compact(s.interval.high), "]");
}

std::string held_out_sentence(const ScaleHeldOut& h) {
  return str("Held out, ", h.at, ": foretold ", four_digits(h.foretold.value), ", measured ",
             four_digits(h.run.measured), ", ", signed_fixed(100 * h.error, 2), " %; ", h.inside,
             " of ", h.runs, h.runs == 1 ? " run lies" : " runs lie",
             " in the 95 % interval of a run, ", interval_words(h.foretold.run), ".");
}

std::string sentence(std::string text) {
  if (text.empty()) return text;
  if (text[0] >= 'a' && text[0] <= 'z') text[0] = char(text[0] - 'a' + 'A');
  return text.ends_with('.') ? text : text + ".";
}

void add_group_sentences(std::vector<std::string>& out, const ScaleLaw& g) {
  const std::string name = g.name.empty() ? "" : g.name + ": ";
  if (!g.failure.empty()) {
    out.push_back(str(name, "not fitted: ", g.failure, "; ", g.help));
    return;
  }
  for (const std::string* text : {&g.form, &g.ignored, &g.untold, &g.no_allocation, &g.reach})
    if (!text->empty()) out.push_back(name + sentence(*text));
  if (g.params_exponent && g.tokens_exponent)
    out.push_back(str(name, "Compute is best put into parameters as C^",
                      four_digits(g.params_exponent->value), " ",
                      interval_words(g.params_exponent->interval), " and into tokens as C^",
                      four_digits(g.tokens_exponent->value), " ",
                      interval_words(g.tokens_exponent->interval), "."));
  for (const ScaleHeldOut& h : g.held_out) out.push_back(name + held_out_sentence(h));
}

std::string parameter_table(const ScaleLaw& g) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, span] : g.parameters)
    rows.push_back({name, four_digits(span.value), interval_words(span.interval)});
  return html_table({"parameter", "value", "95 % interval"}, rows);
}

std::string allocation_table(const ScaleLaw& g) {
  std::vector<std::vector<std::string>> rows;
  for (const ScaleAllocation& a : g.allocations)
    rows.push_back({scientific(a.flops, 2), compact_span(a.params), compact_span(a.tokens),
                    str(four_digits(a.tokens_per_param.value), " ",
                        interval_words(a.tokens_per_param.interval)),
                    str(four_digits(a.loss.value), " ", interval_words(a.loss.run))});
  return html_table(
      {"FLOPs", "parameters N*", "tokens D*", "tokens per parameter", "loss of a run"}, rows);
}

std::string held_out_table(const ScaleLaw& g) {
  std::vector<std::vector<std::string>> rows;
  for (const ScaleHeldOut& h : g.held_out)
    rows.push_back({h.at, four_digits(h.run.measured), four_digits(h.foretold.value),
                    signed_fixed(100 * h.error, 2) + " %", interval_words(h.foretold.run),
                    str(h.inside, " of ", h.runs)});
  return html_table({"held out", "measured", "foretold", "error", "interval of a run", "inside"},
                    rows);
}

std::string exponents_table(const ScaleRecord& s) {
  std::vector<std::vector<std::string>> rows;
  const auto text = [](const ScaleSpan& e) {
    return std::isnan(e.value) ? std::string("-")
                               : str(four_digits(e.value), " ", interval_words(e.interval));
  };
  for (const ScaleExponents& e : s.exponents)
    rows.push_back({e.group, e.counted, e.way, text(e.params), text(e.tokens), e.none});
  return html_table({"group", "parameters counted", "way", "N* ~ C^", "D* ~ C^", ""}, rows, 3);
}

std::string group_part(const ScaleLaw& g, const std::vector<Figure>& figures) {
  std::string out = html_figures(figures, scale_section(g));
  out += parameter_table(g) + allocation_table(g) + held_out_table(g);
  return out.empty() && !g.failure.empty() ? html("p", g.failure, "failure") : out;
}
}  // namespace

std::vector<std::string> scale_verdict(const ScaleRecord& s) {
  std::vector<std::string> out;
  if (!s.warning.empty()) out.push_back(sentence(s.warning));
  if (!s.no_law.empty()) out.push_back(sentence(s.no_law));
  for (const ScaleLaw& g : s.groups) add_group_sentences(out, g);
  for (const ScaleComparison& c : s.comparisons) out.push_back(sentence(c.text));
  return out;
}

std::string scale_page(const ScaleRecord& s, const std::vector<Figure>& figures) {
  int64_t runs = 0;
  for (const ScaleLaw& g : s.groups) runs += g.runs;
  std::string out = html_header(str("Scaling law ", s.law),
                                str(s.formula, s.paper.empty() ? "" : str(" (", s.paper, ")"), "; ",
                                    grouped(runs), " runs of ", s.file),
                                scale_verdict(s));
  out += html_section(s.groups.size() > 1 ? "All groups" : "By compute",
                      html_figures(figures, "Groups"));
  for (const ScaleLaw& g : s.groups) out += html_section(scale_section(g), group_part(g, figures));
  out += html_section("Exponents under each way of counting parameters", exponents_table(s));
  if (!s.command.empty()) out += html_section("Reproduce", html("pre", s.command));
  return html_page(str(s.law, ": cambium scale"), out);
}
}  // namespace cambium
