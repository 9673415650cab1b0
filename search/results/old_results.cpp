// Results of older programs, which wrote numbers without what may be claimed from them.
#include <algorithm>
#include <array>
#include <cmath>

#include "search/results/results.h"
#include "search/results/study_folder.h"

namespace cambium {
namespace {
SeedOutcome outcome_of(const StudyFolder& s, const std::string& variant, int64_t seed) {
  for (const RunRecord& run : s.runs) {
    if (run.variant != variant || run.seed != seed) continue;
    if (run.status == "failed") return {SeedOutcome::kFailed, 0};
    if (!run.done()) return {};
    const std::string& metric = s.summary.metric.empty() ? s.study.metric : s.summary.metric;
    for (const auto* scores : {&run.test, &run.best})
      if (const double* value = *scores ? (*scores)->find(metric) : nullptr)
        return {SeedOutcome::kDone, *value};
  }
  return {};
}

Evidence evidence_of(const StudyFolder& s) {
  Evidence e{.baseline = s.study.place(s.study.baseline),
             .maximize = s.study.maximize,
             .alpha = s.summary.alpha,
             .overlap = s.study.overlap};
  for (const DescribedVariant& v : s.study.variants) {
    e.variants.emplace_back();
    for (int64_t seed : s.study.seeds) e.variants.back().push_back(outcome_of(s, v.name, seed));
  }
  return e;
}

// Fewer seeds than search/results/results.h shows such intervals from.
void withhold_intervals(ResultRow& row) {
  if (row.n < kIntervalSeeds) row.interval.reset();
  if (row.n < kBootstrapSeeds) row.bootstrap.reset();
}

void audit_old(StudyFolder& s) {
  const Budget::Kind kind = budget_kind_of(s.study.budget_kind);
  for (BudgetLine& line : s.summary.audit) {
    std::vector<const RunRecord*> runs;
    for (const RunRecord& run : s.runs)
      if (run.variant == line.variant && run.done()) runs.push_back(&run);
    const double share = 1 / double(std::max<size_t>(1, runs.size()));
    line.runs = 0;
    line.least = line.most = line.steps = line.samples = line.flops = 0;
    for (const RunRecord* run : runs) {
      const double spent = std::array{double(run->steps), double(run->samples), run->flops,
                                      run->seconds}[size_t(kind)];
      line.least = line.runs == 0 ? spent : std::min(line.least, spent);
      line.most = std::max(line.most, spent);
      line.steps += share * double(run->steps);
      line.samples += share * double(run->samples);
      line.flops += share * run->flops;
      ++line.runs;
    }
  }
  s.summary.budget = common_budget(s.summary.audit, kind, s.study.budget);
}

void find_settings(StudyFolder& s) {
  std::vector<Spec> specs;
  try {
    for (const DescribedVariant& v : s.study.variants)
      specs.push_back({v.name, parse_yaml(v.spec_yaml, v.name)});
  } catch (const Error&) {
    return;  // a spec that cannot be read shows no settings, as it shows no picture
  }
  std::vector<const Spec*> all;
  for (const Spec& spec : specs) all.push_back(&spec);
  s.summary.settings = differing_settings(all);
}
}  // namespace

void judge_old_results(StudyFolder& s) {
  s.summary.alpha = alpha_of_look(s.study.frozen.alpha, s.summary.look);
  s.summary.comparisons = std::max<int64_t>(1, int64_t(s.study.variants.size()) - 1);
  audit_old(s);
  find_settings(s);
  for (ResultRow& row : s.summary.rows) withhold_intervals(row);
  if (s.study.place(s.study.baseline) == s.study.variants.size() || s.study.seeds.empty()) return;
  const Evidence e = evidence_of(s);
  const std::vector<Decision> decisions = decide(e);
  for (ResultRow& row : s.summary.rows) {
    const size_t place = s.study.place(row.variant);
    if (place == s.study.variants.size()) continue;
    row.decision = decisions[place];
    std::vector<double> values;
    for (const SeedOutcome& outcome : e.variants[place])
      if (outcome.state == SeedOutcome::kDone) values.push_back(outcome.value);
    if (!values.empty()) row.range = {std::ranges::min(values), std::ranges::max(values)};
    row.failed = std::ranges::count(e.variants[place], SeedOutcome::kFailed, &SeedOutcome::state);
    row.outlook = outlook_of(row.decision, e);
  }
}
}  // namespace cambium
