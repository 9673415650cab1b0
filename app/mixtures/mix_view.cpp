#include "app/mixtures/mix_view.h"

#include <algorithm>
#include <cmath>

#include "app/tables/table.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "viz/plot/text.h"
#include "viz/report/pages/mix_page.h"

namespace cambium {
namespace {
constexpr double kPlainSeconds = 15;

size_t checks_of(const MixPlan& plan) {
  return plan.goal().check > 0 ? plan.plan.variants.size() + 2 : 0;
}

std::string times(double passes) {
  return fmt::format("{:.2g}", passes);
}

std::string percent(double share) {
  return fixed(100 * share, 1) + " %";
}

std::string percent(double share, const std::vector<Interval>& intervals, size_t s) {
  if (intervals.empty()) return percent(share);
  return str(percent(share), " [", fixed(100 * intervals[s].low, 1), ", ",
             fixed(100 * intervals[s].high, 1), "]");
}
}  // namespace

std::string mix_text(const MixPlan& plan, int64_t jobs) {
  const size_t variants = plan.plan.variants.size(), seeds = plan.plan.study.seeds.size();
  const size_t runs = plan.mixtures.size() * seeds;
  const size_t checks = checks_of(plan) * size_t(plan.goal().check);
  std::string out =
      str(visible(plan.plan.study.name), ": ", plan.mixtures.size(), " mixtures x ", variants,
          variants == 1 ? " variant x " : " variants x ", seeds, seeds == 1 ? " seed" : " seeds",
          checks > 0 ? str(", then a check of ", checks, " runs of each variant at most") : "",
          ": ", flops_text(plan.flops(runs + checks)), ", ", jobs, " side by side\n");
  for (const PlannedVariant& v : plan.plan.variants)
    out += str("      ", visible(v.name), ": ", compact(double(v.cost.parameters)), " parameters, ",
               grouped(v.steps), " steps, ", flops_text(v.cost.flops_per_step * double(v.steps)),
               " a run\n");
  Table table({1, 2, 3, 4});
  table.row({"source", "symbols", "natural", "read at that share", "most of a mixture"});
  for (size_t s = 0; s < plan.sources.size(); ++s) {
    double passes = 0, most = 0;
    for (const PlannedVariant& v : plan.plan.variants)
      passes = std::max(passes, plan.passes(v, s, 1));
    for (const std::vector<double>& m : plan.mixtures) most = std::max(most, m[s]);
    table.row({printable(plan.sources[s].name), compact(double(plan.sources[s].symbols)),
               percent(plan.sources[s].natural),
               str(times(passes * plan.sources[s].natural), " times"),
               str(percent(most), ", ", times(passes * most), " times")});
  }
  return out + table.text();
}

Json mix_json(const MixPlan& plan) {
  Json sources = Json::array(), variants = Json::array();
  for (const MixSource& s : plan.sources)
    sources.push_back({{"name", s.name}, {"symbols", s.symbols}, {"natural", s.natural}});
  for (const PlannedVariant& v : plan.plan.variants)
    variants.push_back({{"name", v.name},
                        {"parameters", v.cost.parameters},
                        {"steps", v.steps},
                        {"flops", v.cost.flops_per_step * double(v.steps)}});
  return {{"mixtures", plan.mixtures}, {"sources", sources}, {"variants", variants}};
}

static std::string shares_table(const MixRecord& r) {
  Table table({1});
  std::vector<std::string> head = {"source", "natural"};
  for (const VariantMixture& v : r.variants)
    if (!v.best.empty()) head.push_back("best of " + printable(v.variant));
  table.row(std::move(head));
  for (size_t s = 0; s < r.sources.size(); ++s) {
    std::vector<std::string> row = {printable(r.sources[s].name), percent(r.sources[s].natural)};
    for (const VariantMixture& v : r.variants)
      if (!v.best.empty()) row.push_back(percent(v.best[s], v.best_interval, s));
    table.row(std::move(row));
  }
  return table.text();
}

static std::string forms_table(const MixRecord& r) {
  Table table({2, 3});
  table.row({"variant", "form", "error", "rank correlation"});
  for (const VariantMixture& v : r.variants) {
    for (const RecordedForm& f : v.forms)
      table.row({printable(v.variant), str(f.name, f.name == v.form ? " (used)" : ""),
                 f.why_not.empty() ? fixed(f.error, 4) : "-",
                 f.why_not.empty() ? fixed(f.spearman, 3) : f.why_not});
    if (!v.forms.empty())
      table.row({printable(v.variant), "the mean of the others", fixed(v.constant_error, 4), ""});
    if (std::isfinite(v.noise))
      table.row({printable(v.variant), "deviation among seeds", fixed(v.noise, 4), ""});
  }
  return table.text();
}

static std::string checks_table(const MixRecord& r) {
  if (r.checks.empty()) return {};
  Table table({1});
  std::vector<std::string> head = {"trained on"}, names;
  for (const VariantMixture& v : r.variants) head.push_back(printable(v.variant));
  for (const CheckedMixture& c : r.checks)
    if (!std::ranges::count(names, c.mixture)) names.push_back(c.mixture);
  table.row(std::move(head));
  for (const std::string& name : names) {
    std::vector<std::string> row = {printable(name)};
    for (const VariantMixture& v : r.variants) {
      std::vector<double> losses;
      for (const CheckedMixture& c : r.checks)
        if (c.variant == v.variant && c.mixture == name)
          for (const auto& [seed, loss] : c.losses) losses.push_back(loss);
      row.push_back(losses.empty() ? "-" : fixed(mean_of(losses), 4));
    }
    table.row(std::move(row));
  }
  return str("\n", table.text());
}

std::string mix_answer_text(const MixRecord& r) {
  std::string out = str("what is to be low: ", printable(r.target), "\n\n", forms_table(r),
                        "error: of runs whose mixture the form did not see\n\n", shares_table(r),
                        checks_table(r), "\n");
  for (const std::string& sentence : mix_verdict(r)) out += str("- ", printable(sentence), "\n");
  for (const std::string& f : r.failed) out += str("failed  ", printable(f), "\n");
  return out;
}

std::string mix_table_text(const MixTableAnswer& a) {
  const bool tested = !a.test_spearman.empty();
  Table forms({1, 2, 3});
  forms.row({"form", "error", "rank correlation", tested ? "of the test" : ""});
  for (size_t i = 0; i < a.choice.scores.size(); ++i) {
    const FormScore& s = a.choice.scores[i];
    const bool fits = s.why_not.empty();
    forms.row({str(s.form->name, i == a.choice.best ? " (used)" : ""),
               fits ? fixed(s.error, 4) : "-",
               fits ? fixed(s.spearman.value_or(NAN), 4) : s.why_not,
               tested ? fixed(a.test_spearman[i], 4) : ""});
  }
  forms.row({"the mean of the others", fixed(a.choice.constant_error, 4), "", ""});
  Table shares({1});
  shares.row({"source", "best share"});
  for (size_t s = 0; s < a.sources.size(); ++s)
    shares.row({printable(a.sources[s]), percent(a.best[s], a.best_interval, s)});
  return str(forms.text(), "error and rank correlation: of runs whose mixture the form did not see",
             "\n\n", shares.text(), "foretold of it: ", fixed(a.foretold, 4), "\n");
}

Json mix_table_json(const MixTableAnswer& a) {
  Json forms = Json::array(), best = Json::object();
  for (size_t i = 0; i < a.choice.scores.size(); ++i) {
    const FormScore& s = a.choice.scores[i];
    Json form = {{"name", s.form->name}, {"why_not", s.why_not}};
    if (s.why_not.empty()) form["error"] = s.error;
    if (s.spearman) form["spearman"] = *s.spearman;
    if (!a.test_spearman.empty() && std::isfinite(a.test_spearman[i]))
      form["test_spearman"] = a.test_spearman[i];
    forms.push_back(std::move(form));
  }
  for (size_t s = 0; s < a.sources.size(); ++s) {
    best[a.sources[s]] = {{"share", a.best[s]}};
    if (!a.best_interval.empty())
      best[a.sources[s]]["interval"] = {a.best_interval[s].low, a.best_interval[s].high};
  }
  return {{"forms", forms},
          {"form", a.choice.chosen().form->name},
          {"constant_error", a.choice.constant_error},
          {"best", best},
          {"foretold", a.foretold}};
}

void MixView::on_plan(const MixPlan& plan, int64_t jobs) {
  since_line_.restart();
  since_start_.restart();
  if (mode_ != ProgressMode::kNone) terminal_.raw_note(mix_text(plan, jobs));
}

void MixView::on_progress(const MixProgress& p) {
  if (what_ != p.what) {
    what_ = p.what;
    first_share_ = p.share;
    since_start_.restart();
  }
  if (p.ended && p.ended->state == TrialState::kFailed)
    terminal_.note(str("failed  ", visible(p.ended->folder), ": ", visible(p.ended->reason)));
  if (mode_ == ProgressMode::kNone || p.ended) return;
  const double made = p.share - first_share_, seconds = since_start_.seconds();
  const std::string left =
      made > 0.002 ? str(", ", duration_text(seconds * (1 - p.share) / made), " left") : "";
  const std::string line =
      str(what_, "  ", mode_ == ProgressMode::kBar ? bar_text(p.share, 20) + " " : "", p.done, "/",
          p.runs, " runs, ", fmt::format("{:.0f} %", 100 * p.share), left,
          p.now.empty() ? "" : "  " + visible(p.now));
  if (mode_ == ProgressMode::kBar) terminal_.status(line);
  if (mode_ == ProgressMode::kPlain && since_line_.seconds() > kPlainSeconds) {
    terminal_.note(line);
    since_line_.restart();
  }
}

void MixView::finish() {
  terminal_.end_status();
}
}  // namespace cambium
