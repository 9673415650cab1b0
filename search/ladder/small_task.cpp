#include "search/ladder/small_task.h"

#include <algorithm>
#include <cmath>

#include "search/results/study_folder.h"

namespace cambium {
namespace {
constexpr size_t kFewestRanked = 3;

LawInput largest_of(const PointTable& t) {
  LawInput at;
  for (Quantity q : {kParams, kTokens, kFlops}) {
    double most = NAN;
    for (const ScalingPoint& p : t.points) most = std::fmax(most, p.at.x[q]);
    at.set(q, most);
  }
  return at;
}
}  // namespace

SmallTask read_small_task(const Study& ladder) {
  const ScaleGoal& goal = *ladder.scale;
  const auto fail = [&](const std::string& what, const std::string& help) {
    throw UserError(what, help, goal.small_task_mark);
  };
  if (!read_description(goal.small_task))
    fail(str("'", goal.small_task, "' holds no study: there is no study.json"),
         "name the folder that cambium compare wrote");
  const StudyFolder study = read_study_folder(goal.small_task);
  SmallTask task{goal.small_task, study.summary.metric, study.study.maximize, {}};
  for (const Variant& v : ladder.variants)
    if (const ResultRow* row = study.summary.row(v.name); row && std::isfinite(row->mean))
      task.scores.emplace_back(v.name, row->mean);
  if (task.scores.size() < kFewestRanked)
    fail(str("'", goal.small_task, "' has outcomes of ", task.scores.size(),
             " of the ladder's variants, and a ranking needs ", kFewestRanked),
         "compare variants of the same names there");
  return task;
}

TaskRanking rank_by_task(const SmallTask& task, const ScaleAnswer& laws) {
  TaskRanking out{.at = largest_of(laws.table)};
  std::vector<double> scores, losses;
  for (const GroupAnswer& g : laws.groups) {
    const auto score =
        std::ranges::find(task.scores, g.name, &std::pair<std::string, double>::first);
    if (g.failure || score == task.scores.end()) continue;
    const double loss = law_value(*g.fit.law, g.fit.theta, out.at);
    if (!std::isfinite(loss)) continue;
    out.variants.push_back({g.name, score->second, loss});
    scores.push_back(task.maximize ? score->second : -score->second);
    losses.push_back(-loss);
  }
  if (out.variants.size() >= kFewestRanked) out.tau = kendall_tau_interval(scores, losses);
  return out;
}
}  // namespace cambium
