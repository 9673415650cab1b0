#include "viz/report/verdict.h"

#include <algorithm>
#include <cmath>

#include "core/text/suggest.h"
#include "search/study/cell.h"
#include "train/run/metrics.h"
#include "viz/plot/text.h"
#include "viz/report/verdict_parts.h"

namespace cambium {
namespace {
std::string p_text(double p) {
  return p < 0.001 ? "p < 0.001" : str("p = ", fixed(p, p < 0.1 ? 3 : 2));
}

// "p = 0.041, not below 0.0375"
std::string open_p_text(const StudyFolder& r, const Decision& d) {
  return p_text(d.p_value) +
         (d.p_value < 0.1 ? str(", not below ", fixed(r.summary.alpha, 4)) : "");
}

// "2 of 5 runs of B failed"
std::string failures_of(std::string_view name, int64_t failed, size_t seeds) {
  return str(failed, " of ", seeds, " runs of ", name, " failed");
}

// "2 of 5 runs of B failed, 0 of A"; empty when none did.
std::string failures_text(const StudyFolder& r, const ResultRow& row) {
  const Decision& d = row.decision;
  if (d.failed == 0 && d.baseline_failed == 0) return {};
  return str(failures_of(row.variant, d.failed, r.study.seeds.size()), ", ", d.baseline_failed,
             " of ", base_of(r, row.variant));
}

// "+1.20 points [-0.30, +2.70]"
std::string difference_text(const Decision& d, const MetricStyle& m) {
  if (!d.difference) return {};
  return str(m.difference(d.difference->mean), m.step, " ", spread_text(d, m));
}

// " +- 0.70 points of test accuracy", or where no interval may be shown " points of test accuracy,
// 1.90 to 2.80 by seed".
std::string margin_text(const Decision& d, const MetricStyle& m) {
  const std::string unit = str(m.step, " of ", m.name);
  if (d.has_interval()) {
    const Interval& i = d.difference->interval;
    return str(" ", kPlusMinus, " ", m.number((i.high - i.low) / 2), unit);
  }
  const Interval& r = d.difference->range;
  if (!std::isfinite(r.low)) return unit;
  const double sign = d.difference->mean < 0 ? -1 : 1;
  return str(unit, ", ", m.number(std::min(sign * r.low, sign * r.high)), " to ",
             m.number(std::max(sign * r.low, sign * r.high)), " by seed");
}

// "(p = 0.004, 5 seeds; told after 3)"
std::string grounds_text(const StudyFolder& r, const ResultRow& row, double p) {
  const Decision& d = row.decision;
  const std::string failures = failures_text(r, row);
  return str(" (", p_text(p), ", ", counted(d.pairs, "seed"),
             d.decided_at > 0 && d.decided_at < d.pairs ? str("; told after ", d.decided_at) : "",
             failures.empty() ? "" : "; ", failures, ")");
}

std::string claim_text(const StudyFolder& r, const ResultRow& row, const MetricStyle& m) {
  const Decision& d = row.decision;
  const std::string base = base_of(r, row.variant);
  const std::string bound = str(m.number(r.summary.least_effect), m.step);
  if (d.claim == Claim::kEquivalent)
    return str(row.variant, " is equivalent to ", base, " within ", bound, " of ", m.name, ": ",
               difference_text(d, m), grounds_text(r, row, d.equivalence_p), ".");
  return str(row.variant, d.claim == Claim::kBetter ? " beats " : " falls behind ", base, " by ",
             m.number(std::abs(d.difference->mean)), margin_text(d, m),
             grounds_text(r, row, d.p_value),
             d.within ? str(", which is less than the ", bound, " that matter") : "", ".");
}

// Which of the two sees its answers, or both, and how that is known.
std::string answers_text(const StudyFolder& r, const ResultRow& row) {
  std::vector<std::string> who, why;
  for (const ResultRow* one : {r.summary.row(base_of(r, row.variant)), &row}) {
    if (!one || one->sees_answers.empty()) continue;
    who.push_back(one->variant);
    if (!std::ranges::count(why, one->sees_answers)) why.push_back(one->sees_answers);
  }
  if (who.empty()) who.push_back(row.variant);
  const bool both = who.size() > 1;
  const std::string how = why.empty() ? "" : str(" (", join_names(why, "; and "), ")");
  return str(join_names(who), both ? " see their answers" : " sees its answers", how, ", so that ",
             both ? "their" : "its", " numbers are no achievement");
}

int64_t test_examples_of(const StudyFolder& r, const std::string& cell) {
  const TaskSummary* task = r.summary.aggregate.task(task_of(cell));
  return task ? task->test_examples : r.summary.test_examples;
}

// What stands in the way of a claim.
std::string hindrance_text(const StudyFolder& r, const ResultRow& row, const MetricStyle& m) {
  const Decision& d = row.decision;
  const std::string gap = str(difference_text(d, m), " over ", counted(d.pairs, "seed"));
  const std::string failures = failures_text(r, row);
  switch (d.hindrance) {
    case Hindrance::kRunsToGo:
      return "not all of their runs have ended";
    case Hindrance::kFewSeeds:
      return str(failures.empty() ? "" : failures + "; ",
                 d.pairs == 0 ? std::string("no seed") : counted(d.pairs, "seed"),
                 " finished in both, and a claim takes ", kLeastSeeds);
    case Hindrance::kFailures:
      return str(failures, ", and a failed run counts as worst: ", gap,
                 " that finished in both says nothing of those");
    case Hindrance::kNoSpread:
      return str("every seed gave the same difference, ", m.difference(d.difference->mean), m.step,
                 ", so that nothing is known of its spread");
    case Hindrance::kNoise:
      return str(gap, ", which chance may explain (", open_p_text(r, d), ")");
    case Hindrance::kSigns:
      return str(gap, ", but seeds do not agree enough on which is better (", open_p_text(r, d),
                 ")");
    case Hindrance::kOtherVariants:
      return str(gap, ", but the runs of this study spread so far that ", counted(d.pairs, "seed"),
                 " may agree by luck (", open_p_text(r, d), ")");
    case Hindrance::kGroups:
      return str(gap,
                 ", but outcomes that fall into two groups, such as learned or not, lie so in ",
                 counted(d.pairs, "seed"), " by luck too often (", open_p_text(r, d), ")");
    case Hindrance::kTestSet:
      return str(gap, ", but that is ", fixed(d.examples_apart, 1), " of ",
                 test_examples_of(r, row.variant), " ", judging_part(r, row.variant),
                 " examples: another ", judging_part(r, row.variant), " set could turn it round (",
                 open_p_text(r, d), ")");
    case Hindrance::kSeesAnswers:
      return answers_text(r, row);
    case Hindrance::kIdentical:
      return str("every number of both is equal bit for bit in ", counted(d.pairs, "seed"),
                 ", so that they probably do not differ in what is trained");
    case Hindrance::kNone:
      break;
  }
  return "it was not judged";
}

// "16 to 97 seeds"
std::string seeds_text(const std::optional<Outlook>& o) {
  if (!o || !o->seeds_low) return "more than 10,000 seeds";
  if (!o->seeds_high) return str("from ", *o->seeds_low, " to more than 10,000 seeds");
  return o->seeds_low == o->seeds_high ? str(*o->seeds_low, " seeds")
                                       : str(*o->seeds_low, " to ", *o->seeds_high, " seeds");
}

// What would help, where it is of these variants alone.
std::string cure_text(const StudyFolder& r, const ResultRow& row, const MetricStyle& m) {
  switch (row.decision.hindrance) {
    case Hindrance::kRunsToGo:
      return " The same command goes on.";
    case Hindrance::kFewSeeds:
      if (row.decision.failed + row.decision.baseline_failed == 0) return " More seeds may tell.";
      [[fallthrough]];
    case Hindrance::kFailures:
      return " Mend the runs that fail; their errors are listed under failures.";
    case Hindrance::kNoSpread:
      return " Look whether the seed changes anything.";
    case Hindrance::kGroups:
      return " More seeds may tell.";
    case Hindrance::kTestSet:
      return str(" A larger ", judging_part(r, row.variant), " set would tell.");
    case Hindrance::kSeesAnswers:
      return " Compare models that do not.";
    case Hindrance::kIdentical:
      return " Look at the settings they differ in, and what those change.";
    default:
      break;
  }
  // A least effect is no difference of a task's losses.
  if (r.summary.least_effect <= 0 || (!task_of(row.variant).empty() && m.unit.empty())) return {};
  return str(" ", seeds_text(row.outlook), " would show a difference of ",
             m.number(r.summary.least_effect), m.step, ".");
}

// One sentence for all variants with the same reason.
std::vector<std::string> what_cannot_be_told(const StudyFolder& r,
                                             std::span<const ResultRow> rows) {
  struct Reason {
    std::string base, text;
    std::vector<std::string> variants;
  };

  std::vector<Reason> reasons;
  for (const ResultRow& row : rows) {
    if (row.decision.claim != Claim::kCannotTell) continue;
    const MetricStyle m = style_of(r, row.variant);
    const std::string base = base_of(r, row.variant);
    const std::string text = str(hindrance_text(r, row, m), ".", cure_text(r, row, m));
    if (row.variant == base) continue;
    const auto known = std::ranges::find_if(
        reasons, [&](const Reason& e) { return e.base == base && e.text == text; });
    if (known == reasons.end())
      reasons.push_back({base, text, {row.variant}});
    else
      known->variants.push_back(row.variant);
  }
  std::vector<std::string> out;
  for (const Reason& e : reasons)
    out.push_back(str("Cannot tell ", join_names(e.variants), " from ", e.base, ": ", e.text));
  return out;
}

// Variants over all tasks, as rows that are worded like the others.
std::vector<ResultRow> rows_over_tasks(const StudyFolder& r) {
  std::vector<ResultRow> out;
  for (const AggregateRow& a : r.summary.aggregate.rows)
    out.push_back(
        {.variant = a.variant, .n = a.seeds, .decision = a.decision, .outlook = a.outlook});
  return out;
}

// What is said of rows that are compared together.
void tell(const StudyFolder& r, std::span<const ResultRow> rows, std::vector<std::string>& out) {
  for (Claim claim : {Claim::kBetter, Claim::kWorse, Claim::kEquivalent})
    for (const ResultRow& row : rows)
      if (row.decision.claim == claim) out.push_back(claim_text(r, row, style_of(r, row.variant)));
  for (std::string& sentence : what_cannot_be_told(r, rows)) out.push_back(std::move(sentence));
}

// What so many seeds are good for, and how to learn how many are needed.
std::string outlook_sentence(const StudyFolder& r, std::span<const ResultRow> rows) {
  const MetricStyle m = style_of(r, rows.empty() ? std::string() : rows.front().variant);
  double low = INFINITY, high = -INFINITY;
  for (const ResultRow& row : rows) {
    const Decision& d = row.decision;
    if (d.claim != Claim::kCannotTell || !row.outlook) continue;
    const Interval& seen = row.outlook->effect_seen;
    if (!std::isfinite(seen.low)) continue;
    // An older program gave these an outlook too.
    if (d.hindrance == Hindrance::kSeesAnswers) continue;
    low = std::min(low, seen.low);
    high = std::max(high, seen.high);
  }
  if (r.summary.least_effect > 0 || !std::isfinite(low)) return {};
  return str(counted(int64_t(r.study.seeds.size()), "seed"),
             " show a true difference reliably (4 times in "
             "5) only above ",
             m.number(low), " to ", m.number(high), m.step,
             ". Name the smallest one that matters, least_effect: in the study, to learn how many "
             "seeds would show it.");
}
}  // namespace

std::vector<std::string> verdict(const StudyFolder& r) {
  std::vector<std::string> out;
  const std::vector<ResultRow> whole = rows_over_tasks(r);
  tell(r, whole, out);
  tell(r, r.summary.rows, out);
  for (std::string sentence :
       {outlook_sentence(r, whole.empty() ? r.summary.rows : whole), settings_sentence(r),
        budget_sentence(r), cost_sentence(r), failure_sentence(r)})
    if (!sentence.empty()) out.push_back(std::move(sentence));
  return out;
}
}  // namespace cambium
