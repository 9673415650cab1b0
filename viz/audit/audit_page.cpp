#include "viz/audit/audit_page.h"

#include <algorithm>

#include "core/hash.h"
#include "core/version.h"
#include "viz/audit/audit_parts.h"
#include "viz/audit/runs_part.h"
#include "viz/plot/heat_plot.h"
#include "viz/plot/text.h"
#include "viz/report/page.h"

namespace cambium {
namespace {
// What each step dropped of each source, by rule; nothing where the manifest does not say.
std::string dropped_by_source(const std::vector<StepRecord>& steps) {
  HeatPlot plot{.title = "Shares of each source's documents that a step dropped",
                .x_label = "steps, each with its rules",
                .y_label = "source",
                .width = 1180};
  std::vector<std::string> header = {"step", "rule"};
  std::vector<std::vector<std::string>> rows;
  std::map<std::string, std::vector<double>> shares;
  for (const StepRecord& s : steps) {
    if (s.sources.empty()) continue;
    std::vector<std::string> rules = {""};
    for (const auto& [rule, tally] : s.tally.rules)
      if (tally.dropped > 0) rules.push_back(rule);
    for (const std::string& rule : rules) {
      plot.columns.push_back(rule.empty() ? s.name : rule);
      plot.strong.push_back(rule.empty());
      rows.push_back({s.name, rule});
      for (const auto& [source, t] : s.sources) {
        const auto found = t.dropped.find(rule);
        const int64_t n = rule.empty()               ? t.documents - t.kept
                          : found == t.dropped.end() ? 0
                                                     : found->second;
        shares[source].push_back(t.documents > 0 ? double(n) / double(t.documents) : 0);
        rows.back().push_back(percent_text(shares[source].back()));
      }
    }
  }
  for (const auto& [source, values] : shares) {
    if (values.size() != plot.columns.size()) return "";
    plot.rows.push_back(source);
    header.push_back(source);
    plot.values.insert(plot.values.end(), values.begin(), values.end());
  }
  if (shares.empty()) return "";
  return str("<div class=\"part\">", html_figure(heat_plot(plot)),
             folded_away("As a table", html_table(header, rows, 2)), "</div>");
}
}  // namespace

std::string steps_part(const Audit& audit) {
  std::vector<std::vector<std::string>> rows;
  for (const StepRecord& s : audit.steps) {
    const Tally& t = s.tally;
    const auto share = [&](int64_t n) {
      return percent_text(t.documents > 0 ? double(n) / double(t.documents) : 0);
    };
    int64_t changed = 0;
    for (const auto& [name, rule] : t.rules) changed += rule.changed;
    const int64_t dropped = t.documents - t.kept;
    rows.push_back({s.name, "", grouped(t.documents), grouped(dropped), share(dropped),
                    changed > 0 ? grouped(changed) : "-"});
    for (const auto& [name, rule] : t.rules)
      rows.push_back({"", name, "", grouped(rule.dropped), share(rule.dropped),
                      rule.changed > 0 ? grouped(rule.changed) : "-"});
  }
  return html_table({"step", "rule", "documents", "dropped", "share", "changed"}, rows, 2) +
         dropped_by_source(audit.steps);
}

std::string samples_part(const Audit& audit) {
  std::string out;
  for (const auto& [source, samples] : audit.samples) {
    std::string all;
    for (const AuditSample& s : samples) all += html("p", s.id, "soft") + html("pre", s.text);
    out += folded_away(str(source, ", ", samples.size(), samples.size() == 1 ? " text" : " texts"),
                       all);
  }
  return out;
}

namespace {
std::string term_row(std::string_view term, std::string_view meaning) {
  return html("dt", term) + html("dd", meaning);
}

std::string looked_at_text(const Audit& a) {
  if (!a.sampled)
    return str("All ", grouped(a.looked_at), " documents, ", memory_text(double(a.looked_at_bytes)),
               ".");
  std::string out =
      str(grouped(a.looked_at), " documents, ", memory_text(double(a.looked_at_bytes)),
          ", drawn by a hash of their texts:");
  for (const auto& [source, share] : a.shares)
    out += str(" ", percent_text(share), " of ", source, ";");
  out.back() = '.';
  return out +
         " Counts are each document's times what it stands for; words and passages are those of "
         "the "
         "sample as it is. --sample draws more.";
}
}  // namespace

std::string meaning_part(const Audit& a) {
  std::string out = "<dl>";
  out += term_row("looked at", looked_at_text(a));
  out += term_row("words",
                  "Counts and lengths: runs without white space. Comparisons: runs of "
                  "letters, digits and _, in lower case.");
  out += term_row("repeated",
                  "Has the text of a document before it in its slice, byte for byte: "
                  "what keeping one of each would drop.");
  out += term_row("equal elsewhere", "Its text stands in another slice too.");
  if (a.twins.compared)
    out += term_row("alike", str("Shares at least ", fixed(100 * kAlike, 0),
                                 " % of both texts' runs of five words with another (Jaccard, "
                                 "compared truly where MinHash with 14 bands of 8 rows let them "
                                 "meet), or is equal."));
  if (a.model_bytes > 0)
    out +=
        term_row("bits a byte",
                 str("Of a model of runs of up to 5 bytes (Witten and Bell 1991, method C), "
                     "trained on ",
                     memory_text(double(a.model_bytes)),
                     " in two halves, each asked of the other's texts. It knows rare slices less "
                     "because they are rare. Scripts that take several bytes a letter need fewer "
                     "bits a byte."));
  out += term_row("words in common",
                  str("Of ", grouped(a.different), " different words the ", grouped(a.lexicon),
                      " most frequent are compared",
                      a.passed_over > 0 ? str("; ", grouped(a.passed_over),
                                              " rare ones were forgotten on the way")
                                        : "",
                      "."));
  out += term_row(
      "telling words",
      str("Log-odds against all other slices of the key with a prior of ", fixed(kPriorWords, 0),
          " words spread as in all texts, by z (Monroe, Colaresi and Quinn 2008, "
          "Fightin' Words); z of 1.96 and more, in three documents at least."));
  out += term_row("would drop",
                  "The steps of the same names with their published constants, on each "
                  "text as it stands.");
  return out + "</dl>";
}

namespace {
std::string key_section(const AuditKey& key, bool compared) {
  std::string body = counts_part(key, compared);
  for (const std::string& part :
       {drops_part(key), bits_part(key), overlap_part(key), characteristic_part(key)})
    if (!part.empty()) body += str("<div class=\"part\">", part, "</div>");
  return html_section(str("By ", key.key), body);
}
}  // namespace

std::string audit_page(const Audit& a, const std::string& command,
                       const std::vector<ScoredRun>& runs, const std::string& split) {
  std::string facts =
      str(number_text(a.documents), " documents, ", memory_text(a.bytes), " of text, ",
          a.shares.size(), a.shares.size() == 1 ? " source" : " sources");
  if (a.corpus) facts += str("; contents ", hash_name(a.content));
  std::vector<std::string> sentences = run_findings(runs);
  for (std::string& s : audit_findings(a)) sentences.push_back(std::move(s));
  std::string out = html_header(str("Audit of ", a.name), facts, sentences);
  for (const AuditKey& k : a.keys) out += key_section(k, a.twins.compared);
  out += runs_part(runs, split);
  out += html_section("Words that stand together", terms_part(a.terms));
  if (a.corpus) out += html_section("What the build did", steps_part(a));
  out += html_section("Some of the texts", samples_part(a));
  out += html_section("What the numbers mean", meaning_part(a));
  out += html_section("Reproduce",
                      html("pre", command) + html("p", str("cambium ", kVersion), "soft"));
  return html_page(str("Audit of ", a.name), out);
}
}  // namespace cambium
