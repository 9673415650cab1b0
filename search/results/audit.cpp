#include "search/results/audit.h"

#include <algorithm>
#include <cmath>

#include "core/system/files.h"
#include "core/text/json.h"
#include "search/study/budget.h"
#include "train/record/run_record.h"
#include "train/run/run_log.h"

namespace cambium {
namespace {
// Lines of the log that hold an evaluation.
int64_t evaluations_of(const std::string& folder) {
  const std::string path = folder + "/log.jsonl";
  if (!file_exists(path)) return 0;
  return std::ranges::count_if(read_log(path),
                               [](const Json& line) { return line.contains("val.loss"); });
}
}  // namespace

BudgetLine audit_line(const StudyPlan& plan, const PlannedVariant& v,
                      std::span<const std::string> folders) {
  const Budget::Kind kind = plan.study.budget ? plan.study.budget->kind : Budget::kSteps;
  BudgetLine out{.variant = v.name, .runs = int64_t(folders.size()), .planned = v.planned};
  const double share = 1 / double(std::max<size_t>(1, folders.size()));
  for (const std::string& folder : folders) {
    const RunRecord run = read_run_record(folder).value_or(RunRecord());
    const int64_t steps = std::max<int64_t>(0, run.steps);
    const double seconds = std::isfinite(run.seconds) ? run.seconds : 0,
                 trained = std::isfinite(run.train_seconds) ? run.train_seconds : seconds;
    const double here = spent(kind, steps, v.cost, v.examples_per_step, trained);
    const int64_t evaluations = evaluations_of(folder);
    const auto examples = double(evaluations * v.validation_examples + v.test_examples);
    out.least = &folder == folders.data() ? here : std::min(out.least, here);
    out.most = std::max(out.most, here);
    out.spent += share * here;
    out.steps += share * double(steps);
    out.samples += share * double(steps * v.examples_per_step);
    out.flops += share * double(steps) * v.cost.flops_per_step;
    out.products += share * double(steps) * v.cost.products_per_step;
    out.seconds += share * trained;
    out.evaluation_flops += share * examples * v.evaluation_flops;
    out.evaluation_seconds += share * (seconds - trained);
    out.evaluations = std::max(out.evaluations, evaluations);
  }
  return out;
}
}  // namespace cambium
