#include "viz/report/pages/mix_page.h"

#include <algorithm>
#include <cmath>

#include "core/text/format.h"
#include "search/verdict/decision.h"
#include "viz/plot/text.h"
#include "viz/report/page.h"

namespace cambium {
namespace {
bool known(const Interval& i) {
  return std::isfinite(i.low) && std::isfinite(i.high);
}

std::string between(const Interval& i, int digits, double scale = 1) {
  return known(i) ? str(" [", signed_fixed(scale * i.low, digits), ", ",
                        signed_fixed(scale * i.high, digits), "]")
                  : std::string();
}

void add_variant(std::vector<std::string>& out, const MixRecord& r, const VariantMixture& v) {
  if (!v.trouble.empty()) {
    out.push_back(str(v.variant, ": nothing is foretold: ", v.trouble, "."));
    return;
  }
  std::string shares;
  for (size_t s = 0; s < v.best.size(); ++s)
    shares += str(s ? ", " : "", r.sources[s].name, " ", fixed(100 * v.best[s], 1), " %");
  out.push_back(str(v.variant, ": the best mixture foretold (", v.form, ") is ", shares, "; ",
                    fixed(v.natural_above, 4), between(v.natural_interval, 4),
                    " below the natural one and ", fixed(v.uniform_above, 4),
                    between(v.uniform_interval, 4), " below the equal one."));
  for (const RecordedForm& f : v.forms)
    if (f.name == v.form && f.error >= v.constant_error)
      out.push_back(str(v.variant,
                        ": no form foretells unseen mixtures better than the mean of "
                        "the others does: what is foretold is worth nothing."));
}

void add_pair(std::vector<std::string>& out, const MixRecord& r, const MixturePair& p) {
  std::string ranks =
      str(p.a, " and ", p.b, " rank ", p.mixtures, " mixtures with a correlation of ",
          fixed(p.spearman, 3), between(p.interval, 3));
  if (std::isfinite(p.repeat))
    ranks += str("; single runs of both ", fixed(p.single, 3), ", two seeds of one ",
                 fixed(p.repeat, 3));
  out.push_back(ranks + ".");
  if (p.differences.empty()) return;
  std::string apart;
  for (size_t s = 0; s < p.differences.size(); ++s)
    if (p.differences[s].low > 0 || p.differences[s].high < 0)
      apart +=
          str(apart.empty() ? "" : ", ", r.sources[s].name, " ",
              signed_fixed(100 * p.difference[s], 1), between(p.differences[s], 1, 100), " points");
  out.push_back(apart.empty() ? str("Whether ", p.a, " and ", p.b,
                                    " want other mixtures cannot be told: the "
                                    "intervals of all differences hold 0.")
                              : str("The best mixture depends on the architecture: ", p.a,
                                    " wants, against ", p.b, ", ", apart, "."));
}

void add_check(std::vector<std::string>& out, const CheckedPair& c) {
  std::string word = ": cannot be told";
  const bool enough = c.n >= kLeastSeeds;  // as `compare` claims nothing of fewer
  if (enough && known(c.interval) && c.interval.high < 0) word = ": better";
  if (enough && known(c.interval) && c.interval.low > 0) word = ": worse";
  if (!enough) word += str(" from fewer than ", kLeastSeeds);
  out.push_back(str("Check of ", c.variant, ", ", c.n, c.n == 1 ? " seed" : " seeds", ": ", c.a,
                    " less ", c.b, " ", signed_fixed(c.mean, 4), between(c.interval, 4), word,
                    "."));
}

std::string forms_table(const MixRecord& r) {
  std::vector<std::vector<std::string>> rows;
  for (const VariantMixture& v : r.variants) {
    for (const RecordedForm& f : v.forms)
      rows.push_back({v.variant, f.name, f.why_not.empty() ? fixed(f.error, 4) : "-",
                      f.why_not.empty() ? fixed(f.spearman, 3) : f.why_not,
                      f.name == v.form ? "used" : ""});
    if (!v.forms.empty())
      rows.push_back({v.variant, "the mean of the others", fixed(v.constant_error, 4), "-", ""});
    if (std::isfinite(v.noise))
      rows.push_back({v.variant, "deviation among seeds", fixed(v.noise, 4), "-", ""});
  }
  return html_table({"variant", "form", "error", "rank correlation", ""}, rows, 2);
}

std::string shares_table(const MixRecord& r) {
  std::vector<std::string> head = {"source", "symbols", "natural"};
  for (const VariantMixture& v : r.variants)
    if (!v.best.empty()) head.push_back("best of " + v.variant);
  std::vector<std::vector<std::string>> rows;
  for (size_t s = 0; s < r.sources.size(); ++s) {
    std::vector<std::string> row = {r.sources[s].name, compact(double(r.sources[s].symbols)),
                                    str(fixed(100 * r.sources[s].natural, 1), " %")};
    for (const VariantMixture& v : r.variants)
      if (!v.best.empty())
        row.push_back(str(fixed(100 * v.best[s], 1), " %",
                          v.best_interval.empty()
                              ? ""
                              : str(" [", fixed(100 * v.best_interval[s].low, 1), ", ",
                                    fixed(100 * v.best_interval[s].high, 1), "]")));
    rows.push_back(std::move(row));
  }
  return html_table(head, rows);
}

std::string check_table(const MixRecord& r) {
  std::vector<std::vector<std::string>> rows;
  for (const CheckedMixture& c : r.checks) {
    double sum = 0;
    std::string seeds;
    for (const auto& [seed, loss] : c.losses) {
      sum += loss;
      seeds += str(seeds.empty() ? "" : ", ", fixed(loss, 4));
    }
    rows.push_back({c.variant, c.mixture,
                    c.losses.empty() ? "-" : fixed(sum / double(c.losses.size()), 4), seeds});
  }
  return html_table({"variant", "trained on", r.target, "seeds"}, rows, 2);
}
}  // namespace

std::vector<std::string> mix_verdict(const MixRecord& r) {
  std::vector<std::string> out;
  if (r.waiting > 0)
    out.push_back(str("Not finished: ", r.waiting, r.waiting == 1 ? " run has" : " runs have",
                      " not ended."));
  for (const VariantMixture& v : r.variants) add_variant(out, r, v);
  for (const MixturePair& p : r.pairs) add_pair(out, r, p);
  for (const CheckedPair& c : r.check_pairs) add_check(out, c);
  return out;
}

std::string mix_page(const MixRecord& r, const std::vector<Figure>& figures) {
  std::string out = html_header(str("Mixtures: ", r.name),
                                str(r.drawn, " mixtures of ", r.sources.size(), " sources, ",
                                    r.runs.size(), " runs; what is to be low: ", r.target),
                                mix_verdict(r));
  out += html_section("Best mixtures", shares_table(r) + html_figures(figures, "Best mixtures"));
  out += html_section("Forms, by runs whose mixture they did not see", forms_table(r));
  out += html_section("Variants", html_figures(figures, "Variants"));
  out += html_section("Check", check_table(r) + html_figures(figures, "Check"));
  out += html_section("Runs", html_figures(figures, "Runs"));
  std::string failures;
  for (const std::string& f : r.failed) failures += html("div", f, "failure");
  out += html_section("Failures", failures);
  if (!r.command.empty())
    out += html_section("Reproduce", html("p", r.machine) + html("pre", r.command));
  return html_page(str(r.name, ": cambium mix"), out);
}
}  // namespace cambium
