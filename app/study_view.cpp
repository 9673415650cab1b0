#include "app/study_view.h"

#include <algorithm>

#include "app/table.h"
#include "core/fmt.h"
#include "core/utf8.h"
#include "viz/text.h"

namespace cambium {
namespace {
constexpr double kPlainSeconds = 15;

std::string name_of_run(const RunView& v) {
  return str(v.id.variant, " seed ", v.id.seed);
}

// Accuracies are shown in percent, losses of classes in nats.
struct Unit {
  double scale;
  int digits;
  std::string_view name;
};

Unit unit_of(const StudyPlan& plan) {
  if (is_share(plan.study.metric)) return {100, 2, " (%)"};
  return {1, 4, plan.values ? "" : " (nats)"};
}

std::string interval_text(const std::optional<Interval>& i, const Unit& u) {
  if (!i) return "-";
  return str("[", fixed(u.scale * i->low, u.digits), ", ", fixed(u.scale * i->high, u.digits), "]");
}

std::string difference_text(const ResultRow& row, const std::string& baseline, const Unit& u) {
  if (row.variant == baseline) return "base";
  if (!row.difference) return "-";
  const PairedDifference& d = *row.difference;
  const bool clear = d.interval.low > 0 || d.interval.high < 0;
  return str(signed_fixed(u.scale * d.mean, u.digits), " [",
             signed_fixed(u.scale * d.interval.low, u.digits), ", ",
             signed_fixed(u.scale * d.interval.high, u.digits), "]",
             clear && row.p_value < 0.05 ? " *" : "");
}

// "12.3 x1.24 [1.10, 1.40]": the ratio to the baseline, from runs that had equal neighbours.
std::string time_text(const ResultRow& row, const std::string& baseline) {
  const std::string ms = fixed(row.step_ms, 1);
  if (row.variant == baseline || row.n == 0) return ms;
  const std::optional<TimeRatio>& t = row.time_ratio;
  if (!t || !t->interval) return ms + " (too few runs to compare)";
  const std::string interval =
      str("[", fixed(t->interval->low, 2), ", ", fixed(t->interval->high, 2), "]");
  return t->is_clear() ? str(ms, " x", fixed(t->ratio, 2), " ", interval)
                       : str(ms, " (too noisy to say: ", interval, ")");
}

double progress_of(std::span<const RunView> runs) {
  double done = 0;
  for (const RunView& v : runs)
    done += v.phase == RunPhase::kDone || v.phase == RunPhase::kFailed
                ? 1
                : double(v.step) / double(std::max<int64_t>(v.steps, 1));
  return runs.empty() ? 0 : done / double(runs.size());
}
}  // namespace

void StudyView::on_plan(const StudyPlan& plan, int64_t jobs) {
  metric_ = plan.study.metric;
  scale_ = unit_of(plan).scale;
  digits_ = unit_of(plan).digits;
  since_line_.restart();
  if (mode_ == ProgressMode::kNone) return;
  terminal_.note(str("study   ", printable(plan.study.name), ": ", plan.variants.size(),
                     " variants x ", plan.study.seeds.size(), " seeds, ", jobs, " side by side"));
  for (const PlannedVariant& v : plan.variants) {
    std::string matched;
    if (v.match)
      matched = str(", ", plan.study.match->free, " = ", v.match->value, " (",
                    signed_fixed(100 * v.match->deviation(), 2), " % off)");
    const std::string state =
        v.state_bytes > 0 ? str(", state ", memory_text(double(v.state_bytes))) : "";
    terminal_.note(str("        ", printable(v.name), ": ", compact(double(v.cost.parameters)),
                       " parameters", matched, ", ", grouped(v.steps), " steps, ",
                       flops_text(v.cost.flops_per_step * double(v.steps)), " (",
                       share_text(v.cost.products_per_step, v.cost.flops_per_step), " products)",
                       state));
  }
}

void StudyView::on_runs(std::span<const RunView> runs) {
  if (mode_ == ProgressMode::kNone) return;
  if (mode_ == ProgressMode::kPlain && since_line_.seconds() < kPlainSeconds) return;
  since_line_.restart();
  std::string line = fmt::format("{:3.0f} %", 100 * progress_of(runs));
  for (const RunView& v : runs) {
    if (v.phase != RunPhase::kRunning) continue;
    line += str("  ", printable(name_of_run(v)), " ", grouped(v.step), "/", grouped(v.steps));
    if (v.step > 0) line += str(" loss ", fixed(v.loss, 3));
    if (v.eta_seconds >= 0) line += str(" ETA ", duration_text(v.eta_seconds));
  }
  if (mode_ == ProgressMode::kBar)
    terminal_.status(str(bar_text(progress_of(runs), 20), " ", line));
  else
    terminal_.note(line);
}

void StudyView::on_run_end(const RunView& run) {
  if (mode_ == ProgressMode::kNone) return;
  const std::string end =
      run.phase == RunPhase::kDone
          ? str(metric_, " ", fixed(scale_ * run.value, digits_))
          : str(name_of(run.phase), run.error.empty() ? "" : ": ", printable(run.error));
  terminal_.note(str("done    ", printable(name_of_run(run)), "  ", end));
}

void StudyView::finish() {
  terminal_.end_status();
}

// What a run cost, products and rest apart, and what no budget counts: docs/flops.md.
static std::string audit_text(const Results& results) {
  Table table({1, 2, 3, 4, 5, 6});
  table.row({"cost of a run", "steps", "FLOP", "products", "rest", "evaluation, not counted"});
  for (const BudgetLine& b : results.audit)
    table.row(
        {printable(b.variant), fixed(b.steps, 0), compact(b.flops), compact(b.products),
         compact(b.flops - b.products),
         str(compact(b.evaluation_flops), " (", fixed(100 * b.evaluation_share(), 1), " %)")});
  return "\n" + table.text();
}

std::string results_table(const Comparison& c) {
  const Unit u = unit_of(c.plan);
  const auto& published = c.plan.study.published;
  Table table({1, 4, 5, 6, 7, 8});
  std::vector<std::string> head = {
      "variant",       str(c.results.metric.substr(0, c.results.metric.find(' ')), u.name),
      "95 % interval", "paired difference",
      "step ms",       "peak",
      "parameters",    "seeds"};
  if (!published.empty()) head.emplace_back("published");
  table.row(std::move(head));
  for (const ResultRow& r : c.results.rows) {
    std::vector<std::string> row = {printable(r.variant),
                                    r.n ? fixed(u.scale * r.mean, u.digits) : "-",
                                    interval_text(r.interval, u),
                                    difference_text(r, c.plan.study.baseline, u),
                                    time_text(r, c.plan.study.baseline),
                                    memory_text(double(r.peak_bytes)),
                                    compact(double(r.parameters)),
                                    str(r.n)};
    const auto theirs = published.find(r.variant);
    if (!published.empty())
      row.push_back(theirs == published.end() ? "-" : fixed(theirs->second, u.digits));
    table.row(std::move(row));
  }
  return table.text() + audit_text(c.results) +
         "* the interval excludes 0 and p < 0.05 after Holm's correction\n";
}

std::string failures_text(const Comparison& c) {
  std::string out;
  for (const RunView& v : c.runs)
    if (v.phase == RunPhase::kFailed)
      out += str("failed  ", printable(name_of_run(v)), ": ", printable(v.error), "\n");
  return out;
}
}  // namespace cambium
