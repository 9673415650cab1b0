// The facts of a verdict: settings, budget, times, failures, and what intervals rest on.
#include <algorithm>
#include <cmath>

#include "core/text/suggest.h"
#include "search/results/common_budget.h"
#include "search/study/cell.h"
#include "viz/plot/text.h"
#include "viz/report/verdict_parts.h"

namespace cambium {
std::string counted(int64_t n, std::string_view what) {
  return str(n, " ", what, n == 1 ? "" : "s");
}

// Before a run has ended the plan says it: what is judged by may be planned on either part.
std::string_view judging_part(const StudyFolder& r, std::string_view cell) {
  const bool ran = std::ranges::any_of(r.summary.rows, [&](const ResultRow& row) {
    return row.n > 0 && task_of(row.variant) == task_of(cell);
  });
  const bool planned = !ran && std::ranges::any_of(r.study.variants, [&](const auto& v) {
    return v.test_examples > 0 && task_of(v.name) == task_of(cell);
  });
  return planned || !reported_metric(r, cell).starts_with("val.") ? "test" : "validation";
}

std::string budget_text(const StudyFolder& r) {
  if (r.study.budget_kind == "flops") return flops_text(r.study.budget);
  return str(compact(r.study.budget), " ", r.study.budget_kind);
}

std::string settings_sentence(const StudyFolder& r) {
  constexpr size_t kShown = 3, kNamed = 6;
  if (r.summary.settings.empty() || r.study.variants.size() < 2) return {};
  std::vector<std::string> parts;
  if (r.summary.settings.size() > kShown) {
    for (size_t i = 0; i < std::min(r.summary.settings.size(), kNamed); ++i)
      parts.push_back(r.summary.settings[i].path);
    if (r.summary.settings.size() > kNamed)
      parts.push_back(str(r.summary.settings.size() - kNamed, " more"));
    return str("The variants differ in ", r.summary.settings.size(),
               " settings: ", join_names(parts), ".");
  }
  for (const DifferingSetting& s : r.summary.settings) {
    std::string part = str(s.path, " (");
    for (size_t v = 0; v < r.study.variants.size(); ++v)
      part += str(v ? ", " : "", r.study.variants[v].name, " ", s.values[v]);
    parts.push_back(part + ")");
  }
  return str("The variants differ in ", join_names(parts), ".");
}

namespace {
// Seconds are planned as steps, from times measured before the runs.
std::string departure_text(const StudyFolder& r) {
  if (std::abs(r.summary.budget.departure) < 5e-5) return {};
  const std::string largest = str(signed_fixed(100 * r.summary.budget.departure, 2), "%");
  return r.study.budget_kind == "seconds"
             ? str(", planned as steps from times measured beforehand; what the steps took departs "
                   "from it by up to ",
                   largest)
             : str("; the largest departure from it is ", largest);
}

// "; a step of a and b takes more than the budget of 1 FLOP"
std::string too_small_text(const StudyFolder& r) {
  if (!r.summary.budget.too_small) return {};
  std::vector<std::string> who;
  for (const BudgetLine& a : r.summary.audit)
    if (a.runs > 0 && a.steps == 1 && a.least > kFarMore * r.study.budget) who.push_back(a.variant);
  return str("; the budget of ", budget_text(r), " was exceeded: a single step of ",
             join_names(who), " takes more");
}
}  // namespace

std::string budget_sentence(const StudyFolder& r) {
  const auto ran =
      std::ranges::count_if(r.summary.audit, [](const BudgetLine& a) { return a.runs > 0; });
  if (ran == 0) return {};
  const bool all = failed_or_open(r) == 0;
  if (r.summary.budget.common)
    return str("Every ", all ? "run" : "finished run", " had the same budget of ", budget_text(r),
               departure_text(r), ".");
  std::string out = "No common budget: ";
  bool first = true;
  for (const BudgetLine& a : r.summary.audit) {
    if (a.runs == 0) continue;
    out += str(first ? "" : "; ", a.variant, " took ",
               a.steps == 1 ? "1 step" : fixed(a.steps, 0) + " steps", ", ", compact(a.samples),
               " examples, ", flops_text(a.flops));
    first = false;
  }
  return str(out, " a run", too_small_text(r), ".");
}

std::string cost_sentence(const StudyFolder& r) {
  if (r.summary.rows.empty()) return {};
  // With tasks the first speaks: steps differ in the data, not in who is slower.
  const std::string_view task = task_of(r.summary.rows.front().variant);
  const std::string baseline = base_of(r, r.summary.rows.front().variant);
  const ResultRow* base = r.summary.row(baseline);
  if (!base || !(base->step_ms > 0)) return {};
  std::vector<std::string> told, noisy, few;
  double low = INFINITY, high = 0;  // of the noisy ones
  for (const ResultRow& row : r.summary.rows) {
    if (row.variant == baseline || task_of(row.variant) != task || !(row.step_ms > 0)) continue;
    if (!row.time_ratio || !row.time_ratio->interval) {
      few.push_back(row.variant);
      continue;
    }
    const Interval& ratio = *row.time_ratio->interval;
    if (ratio.high / ratio.low > kNoisyRatio) {
      noisy.push_back(row.variant);
      low = std::min(low, ratio.low);
      high = std::max(high, ratio.high);
    } else {
      told.push_back(str(row.variant, " ", fixed(row.time_ratio->ratio, 2), kTimes, " (",
                         fixed(ratio.low, 2), " to ", fixed(ratio.high, 2), kTimes, ")"));
    }
  }
  if (!noisy.empty())
    told.push_back(str("too noisy to say of ", join_names(noisy), " (", fixed(low, 2), " to ",
                       fixed(high, 2), kTimes, ")"));
  if (!few.empty()) told.push_back(str("too few runs to say of ", join_names(few)));
  if (told.empty()) return {};
  return str("Time of a training step beside ", baseline, "'s ", milliseconds(base->step_ms), ": ",
             join_names(told), ".");
}

// Runs that only wait have no error to look for.
std::string failure_sentence(const StudyFolder& r) {
  const int64_t failed = r.failed_runs(), open = failed_or_open(r) - failed;
  const std::string all = str(" of ", r.planned_runs());
  std::string out;
  if (failed > 0) out = str(counted(failed, "run"), all, " failed; see failures.");
  if (open > 0)
    out += str(out.empty() ? "" : " ", counted(open, "run"), all, open == 1 ? " has" : " have",
               " not ended; the same command goes on.");
  return out;
}

int64_t failed_or_open(const StudyFolder& r) {
  return r.planned_runs() - r.finished_runs();
}

namespace {
// What is shown beside means, and what it rests on.
std::string intervals_text(const StudyFolder& r) {
  const auto some = [&](const auto& which) {
    return std::ranges::any_of(r.summary.rows,
                               [&](const ResultRow& row) { return row.n > 0 && which(row.n); });
  };
  std::string out;
  if (some([](int64_t n) { return n < kIntervalSeeds; }))
    out =
        str("Of fewer than ", kIntervalSeeds,
            " seeds the lowest and the highest outcome are "
            "shown: so few do not show whether outcomes are normal, on which an interval rests. ");
  if (some([](int64_t n) { return n >= kIntervalSeeds; }))
    out +=
        "Intervals (95%, t) are over seeds and hold if outcomes are normal: where seeds hide "
        "skew or groups they cover less. ";
  return out;
}

// What runs on parts of one data set do to each other.
std::string overlap_text(const StudyFolder& r) {
  if (r.summary.overlap <= 0) return "; data of other content is taken as independent. ";
  return str(
      ", and each cuts the same data anew: since the parts overlap, a mean of n seeds is "
      "given (1/n + ",
      fixed(r.summary.overlap, 3),
      ") times the variance of one, test by training examples (Nadeau and Bengio 2003). ");
}
}  // namespace

namespace {
// "the test set of 400 examples does not", of each task its own.
std::string sets_text(const StudyFolder& r) {
  const auto size = [](int64_t n) { return n > 0 ? str(" of ", counted(n, "example")) : ""; };
  std::vector<std::string> sets;
  for (const TaskSummary& t : r.summary.aggregate.tasks)
    sets.push_back(
        str(t.name, "'s ", judging_part(r, cell_name("", t.name)), " set", size(t.test_examples)));
  if (sets.empty())
    return str("the ", judging_part(r), " set", size(r.summary.test_examples), " does not. ");
  return str(join_names(sets), sets.size() == 1 ? " does not. " : " do not. ");
}

// What is chosen by the data that judges it, once a run has shown so.
std::string no_test_part_text(const StudyFolder& r) {
  std::vector<std::string> without;
  size_t judged = 0;
  const auto look = [&](const std::string& task) {
    const bool ran = std::ranges::any_of(r.summary.rows, [&](const ResultRow& row) {
      return row.n > 0 && task_of(row.variant) == task;
    });
    judged += ran;
    if (ran && judging_part(r, cell_name("", task)) == "validation") without.push_back(task);
  };
  if (r.summary.aggregate.tasks.empty()) look("");
  for (const TaskSummary& t : r.summary.aggregate.tasks) look(t.name);
  if (without.empty()) return {};
  return str("There is no test part",
             without.size() < judged ? str(" of ", join_names(without)) : std::string(),
             ": validation data chose the weights and judges them. ");
}

// What a claim takes, and what its p is corrected for.
std::string claims_text(const StudyFolder& r) {
  const Summary& s = r.summary;
  const bool own_share = s.least_effect > 0 || !s.looks.empty();
  const size_t tasks = s.aggregate.tasks.size();
  std::vector<std::string> why;
  if (s.comparisons > 1)
    why.push_back(str(own_share ? "Bonferroni's" : "Holm's", " correction for ", s.comparisons,
                      " comparisons"));
  if (!s.looks.empty()) {
    std::vector<std::string> looks;
    for (int64_t n : s.looks) looks.push_back(str(n));
    why.push_back(
        str(why.empty() ? "correction" : "that", " for looks at ", join_names(looks), " seeds"));
  }
  std::string out = str("A claim takes ", kLeastSeeds, " seeds and p below ", fixed(s.alpha, 4),
                        why.empty() ? "" : " after ", join_names(why));
  if (tasks > 0) out += str(" on each task, and as much over all ", tasks, " of them together");
  if (s.least_effect > 0)
    out += str("; equivalence takes ", kIntervalSeeds, " seeds and both one-sided tests");
  return out;
}
}  // namespace

std::string basis_text(const StudyFolder& r) {
  std::string out = intervals_text(r);
  if (r.study.frozen.vary.empty())
    out += "The seeds vary, " + sets_text(r);
  else
    out += str("The seeds vary ", join_names(r.study.frozen.vary), " too", overlap_text(r));
  double most = 0;
  if (r.summary.aggregate.tasks.empty())
    for (const ResultRow& row : r.summary.rows) most = std::max(most, row.test_set.value_or(0));
  const MetricStyle m = style_of_metric(reported_metric(r));
  if (most > 0 && r.study.frozen.vary.empty())
    out += str("Another ", judging_part(r), " set of that size could move each by up to ",
               kPlusMinus, " ", m.number(most), m.step, ". ");
  out += no_test_part_text(r) + claims_text(r);
  if (r.summary.look > 1)
    out += str(": this is look ", r.summary.look, " at this study's outcomes");
  return str(out, "; the rest of ", fixed(r.study.frozen.alpha, 2),
             " is kept for looks with more seeds.");
}
}  // namespace cambium
