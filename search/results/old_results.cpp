// Results of older programs, which wrote numbers without what may be claimed from them.
#include <algorithm>
#include <array>
#include <cmath>

#include "search/results/results.h"
#include "viz/report/results.h"
#include "viz/report/verdict.h"

namespace cambium {
namespace {
SeedOutcome outcome_of(const StudyResults& r, const std::string& variant, int64_t seed) {
  for (const RunRecord& run : r.runs) {
    if (run.variant != variant || run.seed != seed) continue;
    if (run.status == "failed") return {SeedOutcome::kFailed, 0};
    if (!run.done()) return {};
    const std::string& metric = reported_metric(r);
    for (const auto* values : {&run.test, &run.best})
      if (const auto it = values->find(metric); it != values->end())
        return {SeedOutcome::kDone, it->second};
  }
  return {};
}

Evidence evidence_of(const StudyResults& r) {
  Evidence e{.baseline = r.place(r.base), .maximize = r.maximise, .alpha = r.alpha};
  for (const VariantInfo& v : r.variants) {
    e.variants.emplace_back();
    for (int64_t seed : r.seeds) e.variants.back().push_back(outcome_of(r, v.name, seed));
  }
  return e;
}

// Fewer seeds than search/results/results.h shows such intervals from.
void withhold_intervals(SummaryRow& row) {
  if (row.n < kIntervalSeeds) row.ci_low = row.ci_high = NAN;
  if (row.n < kBootstrapSeeds) row.boot_low = row.boot_high = NAN;
}

void audit_old(StudyResults& r) {
  constexpr std::string_view kinds[] = {"steps", "samples", "flops", "seconds"};
  const auto found = std::ranges::find(kinds, r.budget_kind);
  const auto kind = size_t(found == std::end(kinds) ? 0 : found - std::begin(kinds));
  std::vector<BudgetLine> lines;
  for (AuditRow& a : r.audit) {
    BudgetLine line{.variant = a.variant};
    std::vector<const RunRecord*> runs;
    for (const RunRecord& run : r.runs)
      if (run.variant == a.variant && run.done()) runs.push_back(&run);
    const double share = 1 / double(std::max<size_t>(1, runs.size()));
    for (const RunRecord* run : runs) {
      const double spent = std::array{run->steps, run->samples, run->flops, run->seconds}[kind];
      line.least = line.runs == 0 ? spent : std::min(line.least, spent);
      line.most = std::max(line.most, spent);
      line.steps += share * run->steps;
      line.samples += share * run->samples;
      line.flops += share * run->flops;
      ++line.runs;
    }
    a.runs = line.runs;
    a.steps = line.steps;
    a.samples = line.samples;
    a.flops = line.flops;
    lines.push_back(std::move(line));
  }
  const CommonBudget budget = common_budget(lines, Budget::Kind(kind), r.budget);
  r.common_budget = budget.common;
  r.departure = budget.departure;
}

void find_settings(StudyResults& r) {
  std::vector<Spec> specs;
  try {
    for (const VariantInfo& v : r.variants)
      specs.push_back({v.name, parse_yaml(v.spec_yaml, v.name)});
  } catch (const Error&) {
    return;  // a spec that cannot be read shows no settings, as it shows no picture
  }
  std::vector<const Spec*> all;
  for (const Spec& s : specs) all.push_back(&s);
  r.settings = differing_settings(all);
}
}  // namespace

void judge_old_results(StudyResults& r) {
  r.alpha = alpha_of_look(r.total_alpha, r.look);
  r.comparisons = std::max<int64_t>(1, int64_t(r.variants.size()) - 1);
  audit_old(r);
  find_settings(r);
  for (SummaryRow& row : r.summary) withhold_intervals(row);
  if (r.place(r.base) == r.variants.size() || r.seeds.empty()) return;
  const Evidence e = evidence_of(r);
  const std::vector<Decision> decisions = decide(e);
  for (SummaryRow& row : r.summary) {
    const size_t place = r.place(row.variant);
    if (place == r.variants.size()) continue;
    row.decision = decisions[place];
    std::vector<double> values;
    for (const SeedOutcome& outcome : e.variants[place])
      if (outcome.state == SeedOutcome::kDone) values.push_back(outcome.value);
    if (!values.empty())
      std::tie(row.least, row.most) = std::pair(std::ranges::min(values), std::ranges::max(values));
    row.failed = std::ranges::count(e.variants[place], SeedOutcome::kFailed, &SeedOutcome::state);
    if (const std::optional<Outlook> o = outlook_of(row.decision, e)) {
      row.effect_low = o->effect_seen.low;
      row.effect_high = o->effect_seen.high;
    }
  }
}
}  // namespace cambium
