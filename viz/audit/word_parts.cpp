// Words of slices, and words that stand together.
#include <algorithm>
#include <cmath>

#include "viz/audit/audit_parts.h"
#include "viz/plot/heat_plot.h"
#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"
#include "viz/report/page.h"

namespace cambium {
namespace {
constexpr int64_t kFewPassages = 5;  // together: fewer say nothing

HeatPlot overlap_plot(const AuditKey& key, std::string title, const std::vector<double>& values,
                      std::string x_label) {
  HeatPlot plot{.title = std::move(title),
                .x_label = std::move(x_label),
                .y_label = key.key,
                .values = values};
  for (const AuditSlice& s : key.slices) plot.rows.push_back(s.value);
  plot.columns = plot.rows;
  return plot;
}

std::string matrix_table(const AuditKey& key, const std::vector<double>& values) {
  const size_t n = key.slices.size();
  std::vector<std::string> header = {key.key};
  std::vector<std::vector<std::string>> rows;
  for (size_t a = 0; a < n; ++a) {
    header.push_back(key.slices[a].value);
    rows.push_back({key.slices[a].value});
    for (size_t b = 0; b < n; ++b) rows.back().push_back(percent_text(values[a * n + b]));
  }
  return html_table(header, rows);
}

std::string joined_words(const TermGroup& g) {
  std::string out;
  for (const std::string& w : g.words) out += str(out.empty() ? "" : ", ", w);
  return out;
}

std::string pairs_table(const TermTable& t) {
  std::vector<std::vector<std::string>> rows;
  const size_t about = t.lists.about.size();
  for (size_t i = 0; i < t.pairs.size(); ++i) {
    const TermPair& p = t.pairs[i];
    const bool few = p.together < kFewPassages;
    rows.push_back({t.lists.about[i % about].name, t.lists.terms[i / about].name,
                    grouped(p.together), fixed(p.expected, 1), grouped(p.documents),
                    interval_text(p.pmi, p.low, p.high, 2), fixed(p.npmi, 3),
                    few ? "too few" : ""});
  }
  return html_table(
      {"about", "term", "together", "by chance", "documents", "PMI, bits", "NPMI", ""}, rows, 2);
}

std::string contrasts_figure(const TermTable& t) {
  IntervalPlot plot{.title = "Which term a word stands with",
                    .x_label = "how often, one term's passages by another's: log2",
                    .zero_line = true,
                    .below_zero = "the second",
                    .above_zero = "the first oftener"};
  for (const TermContrast& c : t.contrasts)
    plot.rows.push_back(
        {.label = str(t.lists.about[c.about].name, ": ", t.lists.terms[c.first].name, " : ",
                      t.lists.terms[c.second].name),
         .text = interval_text(c.log_ratio, c.low, c.high, 2),
         .colour = c.about,
         .mean = c.log_ratio,
         .low = c.low,
         .high = c.high});
  plot.width = 1180;
  return plot.rows.empty() ? "" : html_figure(interval_plot(plot));
}
}  // namespace

std::string overlap_part(const AuditKey& key) {
  const size_t n = key.slices.size();
  if (n < 2) return "";
  const Overlap& o = key.overlap;
  std::string out = html("h3", "Words in common");
  out += str(
      "<div class=\"grid\">",
      html_figure(heat_plot(overlap_plot(
          key, str("Of the ", o.top, " most frequent words: both / either"), o.jaccard, key.key))),
      html_figure(
          heat_plot(overlap_plot(key, str("Share of a slice's words among another's ", o.top),
                                 o.covered, "whose frequent words"))),
      "</div>");
  out += folded_away("In both, of those in either, as a table", matrix_table(key, o.jaccard));
  out += folded_away("Covered, as a table", matrix_table(key, o.covered));
  out += folded_away("Share of a slice's words that another one never uses",
                     matrix_table(key, o.unseen));
  std::vector<std::vector<std::string>> rows;
  for (size_t a = 0; a < n; ++a)
    rows.push_back({key.slices[a].value, grouped(o.different[a]), percent_text(o.beyond[a])});
  return out + folded_away("How many words", html_table({key.key, "different words of the lexicon",
                                                         "share of its words beyond it"},
                                                        rows));
}

std::string characteristic_part(const AuditKey& key) {
  if (key.slices.size() < 2) return "";
  std::vector<std::vector<std::string>> rows;
  std::string all;
  for (const AuditSlice& s : key.slices) {
    std::string words;
    std::vector<std::vector<std::string>> of;
    for (const CharacteristicWord& w : s.characteristic) {
      words += str(words.empty() ? "" : "  ", w.word);
      of.push_back(
          {w.word, grouped(w.count), grouped(w.documents), fixed(w.log_odds, 2), fixed(w.z, 1)});
    }
    rows.push_back({s.value, words.empty() ? "-" : words});
    all +=
        folded_away(s.value, html_table({"word", "times", "documents", "log-odds, nats", "z"}, of));
  }
  return html("h3", "Words that tell a slice from the others") +
         html_table({key.key, "the most telling first"}, rows, 2) +
         folded_away("With their numbers", all);
}

std::string terms_part(const TermTable& t) {
  if (t.lists.empty()) return "";
  std::string out = html(
      "p",
      str("Of ", grouped(t.passages), " passages of ", t.passage,
          " words. PMI is log2 of how much oftener two groups share a passage than by chance; NPMI "
          "is that on a scale from -1 to 1. Intervals are 95 %, each by itself, with documents as "
          "what was drawn."),
      "soft");
  out += contrasts_figure(t) + pairs_table(t);
  std::vector<std::vector<std::string>> rows;
  for (const auto* list : {&t.lists.terms, &t.lists.about})
    for (size_t i = 0; i < list->size(); ++i)
      rows.push_back({(*list)[i].name, joined_words((*list)[i]),
                      grouped(list == &t.lists.terms ? t.terms[i] : t.about[i])});
  return out + folded_away("The groups", html_table({"group", "words", "passages"}, rows, 2));
}
}  // namespace cambium
