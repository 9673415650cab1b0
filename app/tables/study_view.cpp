#include "app/tables/study_view.h"

#include <algorithm>

#include "app/tables/table.h"
#include "core/text/fmt.h"
#include "core/text/utf8.h"
#include "search/study/budget.h"
#include "search/study/tasks.h"
#include "viz/plot/text.h"
#include "viz/report/verdict.h"

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

// `cell`: a variant on a task, whose own metric it is.
Unit unit_of(const StudyPlan& plan, std::string_view cell = {}) {
  const std::string name = metric_of(plan.study, cell).name;
  if (is_share(name)) return {100, 2, " (%)"};
  return {1, 4, plan.values || metric_of(name) == "bits_per_byte" ? "" : " (nats)"};
}

// The interval, or below kIntervalSeeds the range of the outcomes.
std::string interval_text(const ResultRow& row, const Unit& u) {
  const auto number = [&](double v) { return fixed(u.scale * v, u.digits); };
  if (row.interval)
    return str("[", number(row.interval->low), ", ", number(row.interval->high), "]");
  if (row.n < 2 || row.n >= kIntervalSeeds) return "-";
  return str(number(row.range.low), " to ", number(row.range.high));
}

// What the column of intervals holds.
std::string interval_title(const std::vector<ResultRow>& rows) {
  const bool intervals =
      std::ranges::any_of(rows, [](const ResultRow& r) { return r.n >= kIntervalSeeds; });
  const bool ranges =
      std::ranges::any_of(rows, [](const ResultRow& r) { return r.n > 0 && r.n < kIntervalSeeds; });
  return !intervals ? "lowest to highest" : ranges ? "95 % if normal, or range" : "95 % if normal";
}

std::string difference_text(const ResultRow& row, const Unit& u) {
  if (row.decision.claim == Claim::kBaseline) return "base";
  if (!row.decision.difference) return "-";
  const PairedDifference& d = *row.decision.difference;
  const auto number = [&](double v) { return signed_fixed(u.scale * v, u.digits); };
  if (row.decision.has_interval())
    return str(number(d.mean), " [", number(d.interval.low), ", ", number(d.interval.high), "]");
  return str(number(d.mean), " (", number(d.range.low), " to ", number(d.range.high), ")");
}

std::string claim_text(const ResultRow& row) {
  if (!row.sees_answers.empty()) return "sees its answers";
  if (row.decision.claim == Claim::kBaseline) return {};
  const bool small = row.decision.within && row.decision.claim != Claim::kEquivalent;
  return str(name_of(row.decision.claim), small ? ", within least_effect" : "");
}

std::string seeds_text(const ResultRow& row) {
  return row.failed == 0 ? str(row.n) : str(row.n, " (", row.failed, " failed)");
}

// Whether a study without a budget is fair all the same.
bool plans_equal_samples(const StudyPlan& plan) {
  return plan.study.budget || std::ranges::all_of(plan.variants, [&](const PlannedVariant& v) {
           const PlannedVariant& first = plan.variants.front();
           return v.steps * v.examples_per_step == first.steps * first.examples_per_step;
         });
}

// Empty where the budget lasts for a step.
std::string too_small_text(const StudyPlan& plan, const PlannedVariant& v) {
  if (!plan.study.budget || plan.study.budget->kind == Budget::kSeconds || v.steps > 1) return {};
  const Budget& b = *plan.study.budget;
  const double one = spent(b.kind, 1, v.cost, v.examples_per_step, 0);
  if (one <= kFarMore * b.value) return {};
  return str("note    the budget of ", compact(b.value), " ", name_of(b.kind),
             " is exceeded by a single step of ", printable(v.name), ", which takes ",
             compact(one));
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
  usual_ = {plan.study.metric, unit_of(plan).scale, unit_of(plan).digits};
  shown_.clear();
  for (const PlannedVariant& v : plan.variants) {
    const Unit unit = unit_of(plan, v.name);
    shown_[v.name] = {metric_of(plan.study, v.name).name, unit.scale, unit.digits};
  }
  since_line_.restart();
  if (mode_ == ProgressMode::kNone) return;
  terminal_.note(
      str("study   ", printable(plan.study.name), ": ", plan.variants.size(),
          !plan.study.tasks.empty()   ? " variants on tasks x "
          : plan.variants.size() == 1 ? " variant x "
                                      : " variants x ",
          plan.study.looks.empty() ? "" : "up to ",
          plan.study.looks.empty() ? int64_t(plan.study.seeds.size()) : plan.study.looks.back(),
          " seeds, ", jobs, " side by side"));
  for (const PlannedVariant& v : plan.variants) {
    std::string matched;
    if (v.match) {
      const std::vector<std::string>& free = plan.study.match->free;
      matched = str(", ", free[0], " = ", v.match->value);
      for (size_t i = 1; i < free.size(); ++i)
        matched += str(", ", free[i], " = ", v.match->fine[i - 1]);
      matched += str(" (", signed_fixed(100 * v.match->deviation(), 2), " % off)");
    }
    const std::string state =
        v.state_bytes > 0 ? str(", state ", memory_text(double(v.state_bytes))) : "";
    terminal_.note(
        str("        ", printable(v.name), ": ", compact(double(v.cost.parameters)), " parameters",
            matched, ", ", grouped(v.steps), v.steps == 1 ? " step, " : " steps, ",
            flops_text(v.cost.flops_per_step * double(v.steps)), " (",
            share_text(v.cost.products_per_step, v.cost.flops_per_step), " products)", state));
    if (const std::string note = too_small_text(plan, v); !note.empty()) terminal_.note(note);
  }
  if (!plans_equal_samples(plan))
    terminal_.note(
        "note    the variants train on different numbers of examples: budget: in the study "
        "gives them a common one");
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
          ? value_text(run.id.variant, run.value)
          : str(name_of(run.phase), run.error.empty() ? "" : ": ", printable(run.error));
  terminal_.note(str("done    ", printable(name_of_run(run)), "  ", end));
}

void StudyView::on_more_seeds(int64_t now, int64_t next) {
  if (mode_ == ProgressMode::kNone) return;
  terminal_.note(str("look    ", now, " seeds do not tell everything: on to ", next));
}

std::string StudyView::value_text(const std::string& variant, double value) const {
  const auto known = shown_.find(variant);
  const Shown& shown = known == shown_.end() ? usual_ : known->second;
  return str(shown.metric, " ", fixed(shown.scale * value, shown.digits));
}

void StudyView::on_trials(std::span<const Trial> all, std::span<const RunUpdate> running,
                          int64_t planned) {
  trials(planned).on_trials(all, running);
}

void StudyView::on_trial_end(const Trial& trial, int64_t planned) {
  trials(planned).on_trial_end(trial);
}

TrialsView& StudyView::trials(int64_t planned) {
  if (trials_) return *trials_;
  TrialsView::About about{.what = "tuning", .metric = usual_.metric, .planned = planned};
  for (const auto& [variant, shown] : shown_) about.metrics[variant] = shown.metric;
  return trials_.emplace(terminal_, mode_, std::move(about));
}

void StudyView::on_tuned(const Tuning& tuning) {
  terminal_.end_status();
  if (mode_ != ProgressMode::kNone) terminal_.note(str("tuned   ", effort_text(tuning)));
}

void StudyView::finish() {
  terminal_.end_status();
}

// What a run cost, products and rest apart, and what no budget counts: docs/flops.md.
static std::string audit_text(const Results& results) {
  Table table({1, 2, 3, 4, 5, 6});
  table.row({"cost of a run", "steps", "FLOP", "products", "rest", "evaluation, not counted"});
  for (const BudgetLine& b : results.audit)
    if (b.runs > 0)
      table.row(
          {printable(b.variant), fixed(b.steps, 0), compact(b.flops), compact(b.products),
           compact(b.flops - b.products),
           str(compact(b.evaluation_flops), " (", fixed(100 * b.evaluation_share(), 1), " %)")});
  return "\n" + table.text();
}

std::string results_table(const Comparison& c) {
  const bool tasks = !c.plan.study.tasks.empty();
  Unit u = unit_of(c.plan);
  const auto& published = c.plan.study.published;
  Table table({1, 5, 6, 7, 8, 9});
  std::vector<std::string> head = {
      "variant",
      tasks ? std::string("outcome")
            : str(c.results.metric.substr(0, c.results.metric.find(' ')), u.name),
      interval_title(c.results.rows),
      "paired difference",
      "verdict",
      "step ms",
      "peak",
      "parameters",
      "seeds"};
  if (!published.empty()) head.emplace_back("published");
  table.row(std::move(head));
  for (const ResultRow& r : c.results.rows) {
    u = unit_of(c.plan, r.variant);
    std::vector<std::string> row = {printable(r.variant),
                                    r.n ? fixed(u.scale * r.mean, u.digits) : "-",
                                    interval_text(r, u),
                                    difference_text(r, u),
                                    claim_text(r),
                                    r.n ? fixed(r.step_ms, r.step_ms < 1 ? 3 : 1) : "-",
                                    r.n ? memory_text(double(r.peak_bytes)) : "-",
                                    compact(double(r.parameters)),
                                    seeds_text(r)};
    const auto theirs = published.find(r.variant);
    if (!published.empty())
      row.push_back(theirs == published.end() ? "-" : fixed(theirs->second, u.digits));
    table.row(std::move(row));
  }
  return table.text() + audit_text(c.results);
}

std::string verdict_text(const StudyFolder& r) {
  std::string out;
  for (const std::string& sentence : verdict(r)) out += str("- ", printable(sentence), "\n");
  return str(out, printable(basis_text(r)), "\n");
}

std::string failures_text(const Comparison& c) {
  std::string out;
  for (const RunView& v : c.runs)
    if (v.phase == RunPhase::kFailed)
      out += str("failed  ", printable(name_of_run(v)), ": ", printable(v.error), "\n");
  return out;
}
}  // namespace cambium
