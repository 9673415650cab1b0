#include "search/ladder/ladder_points.h"

#include <cmath>

#include "core/text/csv.h"
#include "core/text/fmt.h"
#include "train/record/run_record.h"

namespace cambium {
namespace {
constexpr std::string_view kLossOfRuns = "val.loss";

// The loss of a run that is done, or why it has none.
void add_run(const LadderPlan& plan, const std::string& folder, size_t i, LadderOutcomes& out) {
  const LadderRun& run = plan.runs[i];
  const std::optional<RunRecord> record = read_run_record(str(folder, "/", run.folder));
  if (record && record->failed()) {
    out.failed.push_back(str(run.folder, ": ", record->error));
    return;
  }
  const double* loss = record && record->final ? record->final->find(kLossOfRuns) : nullptr;
  const int64_t steps = plan.points[run.point].planned.steps;
  if (!record || !record->done() || !loss || record->steps != steps) {
    ++out.waiting;
    return;
  }
  if (!(*loss > 0) || !std::isfinite(*loss)) {
    out.failed.push_back(str(run.folder, ": its loss is ", *loss, ", which has no logarithm"));
    return;
  }
  const double* best = record->best ? record->best->find(kLossOfRuns) : nullptr;
  out.done.push_back({i, *loss, best ? *best : NAN});
}
}  // namespace

LadderOutcomes ladder_outcomes(const LadderPlan& plan, const std::string& folder) {
  LadderOutcomes out;
  for (size_t i = 0; i < plan.runs.size(); ++i) add_run(plan, folder, i, out);
  return out;
}

std::string points_csv(const LadderPlan& plan, const LadderOutcomes& outcomes) {
  std::string out = "group";
  for (const CountConvention& c : count_conventions()) out += str(",", c.column);
  out += ",tokens,unique_tokens,flops,loss,seed,run\n";
  for (const LadderOutcome& o : outcomes.done) {
    const LadderRun& run = plan.runs[o.run];
    const LadderPoint& point = plan.points[run.point];
    const LadderRung& rung = plan.rung_of(point);
    out += csv_cell(rung.variant);
    for (const CountConvention& c : count_conventions()) out += str(",", rung.params.*c.count);
    out += fmt::format(",{:.0f},{},{:.17g},{:.17g},{},{}\n", point.tokens, plan.unique_tokens,
                       point.flops(), o.loss, run.seed, csv_cell(run.folder));
  }
  return out;
}
}  // namespace cambium
