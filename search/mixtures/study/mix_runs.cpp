#include "search/mixtures/study/mix_runs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/hash.h"
#include "search/trials/list_watch.h"
#include "search/trials/trial_list.h"
#include "train/record/run_record.h"
#include "train/run/run_folder.h"

namespace cambium {
namespace {
double flops_of(const PlannedVariant& v) {
  return double(v.steps) * v.cost.flops_per_step;
}

Trial trial_of(const MixPlan& plan, const MixRun& run) {
  const PlannedVariant& v = plan.plan.at(run.variant);
  const Spec spec = mix_spec(plan, run);
  Trial t;
  t.arm = run.variant;
  for (size_t s = 0; s < run.shares.size(); ++s) t.point[plan.sources[s].name] = run.shares[s];
  t.key = hash_name(spec_hash(spec));
  t.spec = to_yaml(spec.root);
  t.seed = run.seed;
  t.steps = v.steps;
  t.needed_bytes = v.needed_bytes;
  t.cost = flops_of(v);
  t.folder = run.folder;
  return t;
}

// Of every variant, all that its runs have in common.
Json base_hashes(const MixPlan& plan) {
  Json out = Json::object();
  for (const PlannedVariant& v : plan.plan.variants) {
    Spec spec = v.spec;
    set_mixture(spec.root, plan.sources, plan.uniform());
    out[v.name] = hash_name(spec_hash(spec));
  }
  return out;
}
}  // namespace

int64_t mix_jobs(const MixPlan& plan, const MixSettings& settings, size_t runs) {
  if (settings.program.empty()) return 1;
  int64_t need = 1;
  for (const PlannedVariant& v : plan.plan.variants) need = std::max(need, v.needed_bytes);
  return list_jobs(settings.jobs, plan.plan.study, need, runs);
}

bool train_mixtures(const MixPlan& plan, const std::vector<MixRun>& runs, std::string_view what,
                    const MixSettings& settings, const MixWatch& watch) {
  ensure(!settings.folder.empty(), "a study of mixtures needs a folder");
  const MadeFolder made(settings.folder);
  const int64_t threads = std::max<int64_t>(1, plan.plan.study.threads);
  const StudyRecord study{
      .name = plan.plan.study.name,
      .settings = {{"kind", "mixtures"}, {"threads", threads}, {"models", base_hashes(plan)}},
      .lag = kNoLag};
  TrialStore store(settings.folder, study);
  std::vector<Trial> list;
  for (const MixRun& run : runs) list.push_back(trial_of(plan, run));
  try_failed_again(list, store);
  ListWatch watching(list, [&](const ListProgress& p) {
    if (watch) watch({p, what});
  });
  return work_on(store, {.folder = settings.folder, .propose = listed(list), .threads = threads},
                 {.program = settings.program,
                  .jobs = mix_jobs(plan, settings, runs.size()),
                  .memory_bytes = std::numeric_limits<int64_t>::max(),  // settled by jobs
                  .stop = settings.stop,
                  .metric = plan.plan.study.metric},
                 watching);
}

MixOutcome mix_outcome(const MixPlan& plan, const std::string& folder, const MixRun& run) {
  const std::optional<RunRecord> record = read_run_record(str(folder, "/", run.folder));
  MixOutcome out;
  if (record && record->failed()) {
    out.state = MixOutcome::kFailed;
    out.why = record->error;
    return out;
  }
  const int64_t steps = plan.plan.at(run.variant).steps;
  if (!record || !record->done() || !record->final || record->steps != steps) return out;
  for (const auto& [name, weight] : plan.goal().target) {
    const double* value = record->final->find(name);
    if (!value || !std::isfinite(*value)) {
      out.state = MixOutcome::kFailed;
      out.why = str("it measured no ", name);
      return out;
    }
    out.target += weight * *value;
  }
  out.state = MixOutcome::kDone;
  out.seconds = record->train_seconds;
  return out;
}
}  // namespace cambium
