// Counts, lengths, bits and dropped shares of the slices of one key.
#include <algorithm>
#include <cmath>

#include "viz/audit/audit_parts.h"
#include "viz/plot/heat_plot.h"
#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"
#include "viz/plot/xy_plot.h"
#include "viz/report/page.h"

namespace cambium {
namespace {
constexpr double kWide = 1180;       // pixels of a plot that has a row of the page
constexpr size_t kMostLines = 8;     // in a plot of lengths
constexpr double kLeastRule = 0.01;  // share of some slice's documents from which a rule is shown

std::vector<std::string> counts_row(const AuditSlice& s, bool compared) {
  std::vector<std::string> row = {
      s.value,
      number_text(s.documents),
      percent_text(s.document_share),
      memory_text(s.bytes),
      percent_text(s.byte_share),
      number_text(s.words),
      str(number_text(s.quartiles[0]), " / ", number_text(s.quartiles[1]), " / ",
          number_text(s.quartiles[2])),
      percent_text(s.repeated),
      percent_text(s.equal_across)};
  if (compared) {
    row.push_back(percent_text(s.alike_within));
    row.push_back(percent_text(s.alike_across));
  }
  return row;
}

std::string shares_plot(const AuditKey& key) {
  BarPlot plot{.title = "Shares of the bytes, and (mark) of the documents", .x_label = "percent"};
  size_t colour = 0;
  for (const AuditSlice& s : key.slices)
    plot.rows.push_back({.label = s.value,
                         .text = percent_text(s.byte_share),
                         .colour = colour++,
                         .value = 100 * s.byte_share,
                         .reference = 100 * s.document_share});
  return bar_plot(plot);
}

// The largest slices, in their own order.
std::vector<size_t> largest(const AuditKey& key, size_t most) {
  std::vector<size_t> order;
  for (size_t i = 0; i < key.slices.size(); ++i) order.push_back(i);
  std::ranges::stable_sort(order, std::greater(),
                           [&](size_t i) { return key.slices[i].documents; });
  order.resize(std::min(order.size(), most));
  std::ranges::sort(order);
  return order;
}

std::string lengths_plot(const AuditKey& key) {
  XyPlot plot{.title = "How long documents are",
              .x_label = "words, each bin twice as many",
              .y_label = "percent of the slice's documents",
              .log_x = true};
  size_t bins = 1;
  for (const AuditSlice& s : key.slices)
    for (size_t b = 0; b < s.lengths.size(); ++b)
      if (s.lengths[b] > 0) bins = std::max(bins, b + 2);
  for (const size_t i : largest(key, kMostLines)) {
    const AuditSlice& s = key.slices[i];
    XyLayer line{.kind = XyLayer::Kind::kLine, .name = s.value, .colour = i, .size = 1.8};
    line.dashed = i >= 4;
    for (size_t b = 0; b < std::min(bins, s.lengths.size()); ++b) {
      line.x.push_back(std::exp2(double(b)) * std::sqrt(2.0));
      line.y.push_back(s.documents > 0 ? 100 * s.lengths[b] / s.documents : 0);
    }
    plot.layers.push_back(std::move(line));
  }
  return xy_plot(plot);
}

std::string lengths_table(const AuditKey& key) {
  size_t bins = 0;
  for (const AuditSlice& s : key.slices)
    for (size_t b = 0; b < s.lengths.size(); ++b)
      if (s.lengths[b] > 0) bins = std::max(bins, b + 1);
  std::vector<std::string> header = {"words"};
  for (const AuditSlice& s : key.slices) header.push_back(s.value);
  std::vector<std::vector<std::string>> rows;
  for (size_t b = 0; b < bins; ++b) {
    const auto least = int64_t(1) << b;
    rows.push_back({b == 0 ? "0 to 1" : str(grouped(least), " to ", grouped(2 * least - 1))});
    for (const AuditSlice& s : key.slices) rows.back().push_back(number_text(s.lengths[b]));
  }
  return html_table(header, rows);
}

// Columns of a picture of dropped shares: each set, then its rules that matter somewhere.
struct RuleColumn {
  size_t set;
  std::string rule;  // empty: the set
};

double share_of(const AuditSlice& s, const RuleColumn& c) {
  if (c.rule.empty()) return s.rules[c.set].share;
  for (const auto& [name, share] : s.rules[c.set].rules)
    if (name == c.rule) return share;
  return 0;
}

std::vector<RuleColumn> rule_columns(const AuditKey& key) {
  std::vector<RuleColumn> out;
  for (size_t set = 0; set < kRuleSets; ++set) {
    out.push_back({set, ""});
    std::vector<std::string> rules;
    for (const AuditSlice& s : key.slices)
      for (const auto& [name, share] : s.rules[set].rules)
        if (share >= kLeastRule && std::ranges::count(rules, name) == 0) rules.push_back(name);
    std::ranges::sort(rules);
    for (std::string& r : rules) out.push_back({set, std::move(r)});
  }
  return out;
}

std::string column_name(const RuleColumn& c) {
  return c.rule.empty() ? std::string(kRuleSetNames[c.set]) : c.rule;
}
}  // namespace

std::string counts_part(const AuditKey& key, bool compared) {
  std::vector<std::string> header = {
      key.key,    "documents",      "share", "text", "share", "words", "words each, quartiles",
      "repeated", "equal elsewhere"};
  if (compared) {
    header.push_back("alike within");
    header.push_back("alike elsewhere");
  }
  std::vector<std::vector<std::string>> rows;
  for (const AuditSlice& s : key.slices) rows.push_back(counts_row(s, compared));
  rows.push_back(counts_row(key.all, compared));
  std::string out = html_table(header, rows);
  out += html("p",
              str("By bytes this is as uneven as ", fixed(key.effective, 2),
                  " equal slices out of ", key.slices.size(), " (2 to the entropy of the shares, ",
                  fixed(key.entropy, 2), " bits)."),
              "soft");
  out += str("<div class=\"grid\">", html_figure(shares_plot(key)), html_figure(lengths_plot(key)),
             "</div>");
  return out + folded_away("Documents by length, as a table", lengths_table(key));
}

std::string bits_part(const AuditKey& key) {
  IntervalPlot plot{.title = "Bits a byte under a model of all texts", .x_label = "bits a byte"};
  std::vector<std::vector<std::string>> rows;
  size_t colour = 0;
  const auto add = [&](const AuditSlice& s, size_t ink) {
    if (s.scored == 0) return;
    const std::string text = interval_text(s.bits, s.bits_low, s.bits_high, 2);
    rows.push_back({s.value, number_text(double(s.scored)), text});
    plot.rows.push_back({.label = s.value,
                         .text = text,
                         .colour = ink,
                         .mean = s.bits,
                         .low = s.bits_low,
                         .high = s.bits_high});
  };
  for (const AuditSlice& s : key.slices) add(s, colour++);
  add(key.all, 6);
  if (rows.empty()) return "";
  plot.width = kWide;
  return html("h3", "How hard it is to foretell") + html_figure(interval_plot(plot)) +
         folded_away("As a table", html_table({key.key, "documents asked", "bits a byte"}, rows));
}

std::string drops_part(const AuditKey& key) {
  const std::vector<RuleColumn> columns = rule_columns(key);
  HeatPlot plot{.title = "Shares of documents",
                .x_label = "rule sets, each with its rules",
                .y_label = key.key};
  std::vector<std::string> header = {"rules", "rule"};
  for (const AuditSlice& s : key.slices) {
    plot.rows.push_back(s.value);
    header.push_back(s.value);
  }
  plot.rows.push_back("all");
  header.push_back("all");
  std::vector<std::vector<std::string>> rows;
  for (const RuleColumn& c : columns) {
    plot.columns.push_back(column_name(c));
    plot.strong.push_back(c.rule.empty());
    rows.push_back({std::string(kRuleSetNames[c.set]), c.rule});
    for (const AuditSlice& s : key.slices) rows.back().push_back(percent_text(share_of(s, c)));
    rows.back().push_back(percent_text(share_of(key.all, c)));
  }
  for (const AuditSlice& s : key.slices)
    for (const RuleColumn& c : columns) plot.values.push_back(share_of(s, c));
  for (const RuleColumn& c : columns) plot.values.push_back(share_of(key.all, c));
  plot.width = kWide;
  return html("h3", "What published rules would drop") +
         html(
             "p",
             "A text counts under the first rule of a set that it breaks. Sets are bold, the rules "
             "of each behind it. This audit drops nothing.",
             "soft") +
         html_figure(heat_plot(plot)) + folded_away("As a table", html_table(header, rows, 2));
}
}  // namespace cambium
