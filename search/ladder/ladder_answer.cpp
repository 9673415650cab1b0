#include "search/ladder/ladder_answer.h"

#include <algorithm>

namespace cambium {
namespace {
// Runs of each variant's largest size that are not done.
size_t missing_of_largest(const LadderPlan& plan, const LadderOutcomes& outcomes) {
  const auto is_largest = [&](size_t run) {
    return plan.rung_of(plan.points[plan.runs[run].point]).size == plan.study.scale->sizes - 1;
  };
  size_t missing = 0;
  for (size_t i = 0; i < plan.runs.size(); ++i) missing += is_largest(i);
  for (const LadderOutcome& o : outcomes.done) missing -= is_largest(o.run);
  return missing;
}

ScaleSettings settings_of(const LadderPlan& plan, LadderAnswer& answer) {
  ScaleSettings settings{.law = law_of_ladder(*plan.study.scale), .objective = {}};
  if (!plan.study.scale->hold_out_largest) return settings;
  const size_t missing = missing_of_largest(plan, answer.outcomes);
  settings.hold_out_largest = missing == 0;
  if (missing > 0)
    answer.not_held_out = str("the largest size is not held out yet: ", missing,
                              missing == 1 ? " of its runs is" : " of its runs are", " not done");
  return settings;
}

std::string sentence(const UserError& e) {
  return e.help.empty() ? std::string(e.what()) : str(e.what(), "; ", e.help);
}
}  // namespace

std::string law_of_ladder(const ScaleGoal& goal) {
  if (!goal.law.empty()) return goal.law;
  return goal.lengths.size() > 1 ? "chinchilla" : "params";
}

std::string too_small_for_law(const LadderPlan& plan) {
  const ScaleGoal& goal = *plan.study.scale;
  const Law& law = law_named(law_of_ladder(goal));
  for (const Variant& v : plan.study.variants) {
    std::vector<LawRun> runs;
    double largest = 0;
    for (const LadderPoint& p : plan.points) {
      if (plan.rung_of(p).variant != v.name) continue;
      LawRun run;
      run.at.set(kParams, double(plan.rung_of(p).params.total));
      run.at.set(kTokens, p.tokens);
      run.at.set(kFlops, p.flops());
      largest = std::max(largest, run.at.x[law.needs.front()]);
      runs.push_back(run);
    }
    if (goal.hold_out_largest)
      std::erase_if(runs, [&](const LawRun& r) { return r.at.x[law.needs.front()] == largest; });
    try {
      require_inputs(law, runs);
    } catch (const UserError& e) {
      return str(e.what(), goal.hold_out_largest ? " without the largest size" : "");
    }
  }
  return {};
}

LadderAnswer answer_ladder(const LadderPlan& plan, const std::string& folder) {
  LadderAnswer answer{.outcomes = ladder_outcomes(plan, folder)};
  answer.points = points_csv(plan, answer.outcomes);
  if (answer.outcomes.done.empty()) {
    answer.no_law = "no run is done";
    return answer;
  }
  const ScaleSettings settings = settings_of(plan, answer);
  try {
    answer.laws = scale_points(parse_points(answer.points, "points.csv", {}), settings);
  } catch (const UserErrors& e) {
    for (const UserError& one : e.all)
      answer.no_law += str(answer.no_law.empty() ? "" : "; ", sentence(one));
  } catch (const UserError& e) {
    answer.no_law = sentence(e);
  }
  if (answer.laws && plan.small_task) answer.ranking = rank_by_task(*plan.small_task, *answer.laws);
  return answer;
}
}  // namespace cambium
