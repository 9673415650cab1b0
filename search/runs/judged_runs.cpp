#include "search/runs/judged_runs.h"

#include "core/hash.h"
#include "search/study/tasks.h"
#include "search/trials/trial_list.h"

namespace cambium {
JudgedRuns::JudgedRuns(Comparison& c, const std::string& folder, StudyProgress& progress)
    : c_(c), folder_(folder), progress_(progress) {
  for (const int64_t seed : c.plan.study.seeds)
    for (const PlannedVariant& v : c.plan.variants) {
      RunView view{{.steps = v.steps}, {v.name, seed}};
      settle(view, view.id.folder(folder_));
      if (view.phase != RunPhase::kDone) view.phase = RunPhase::kWaiting;
      view.error.clear();
      by_folder_[view.id.folder()] = c.runs.size();
      c.runs.push_back(std::move(view));
    }
}

Trial JudgedRuns::trial_of(const RunView& v) const {
  const PlannedVariant& variant = c_.plan.at(v.id.variant);
  const Spec spec = run_spec(c_.plan.study, variant, v.id.seed);
  return {.arm = variant.name,
          .origin = {{"stage", "judge"}},
          .key = hash_name(spec_hash(spec)),
          .spec = to_yaml(spec.root),
          .seed = v.id.seed,
          .steps = variant.steps,
          .needed_bytes = variant.needed_bytes,
          .cost = double(variant.steps) * variant.cost.flops_per_step,
          .folder = v.id.folder()};
}

ProposeTrial JudgedRuns::list() const {
  std::vector<Trial> planned;
  for (const RunView& v : c_.runs) planned.push_back(trial_of(v));
  return listed(std::move(planned));
}

void JudgedRuns::try_failed_again(TrialStore& store) const {
  for (const Trial& t : store.trials())
    if (t.state == TrialState::kFailed && by_folder_.contains(t.folder)) store.retry(t.number);
}

RunView* JudgedRuns::view_of(const Trial& trial) {
  const auto found = by_folder_.find(trial.folder);
  return found == by_folder_.end() ? nullptr : &c_.runs[found->second];
}

void JudgedRuns::on_trials(std::span<const Trial> all, std::span<const RunUpdate> running) {
  for (const RunUpdate& run : running)
    if (RunView* v = view_of(all[size_t(run.id)])) static_cast<RunStatus&>(*v) = run.status;
  progress_.on_runs(c_.runs);
}

void JudgedRuns::end(const Trial& trial, RunPhase phase) {
  RunView* v = view_of(trial);
  if (!v) return;
  v->phase = phase;
  v->error = trial.reason;
  v->eta_seconds = -1;
  const std::string folder = v->id.folder(folder_);
  refresh(*v, folder, metric_of(c_.plan.study, trial.arm).name);
  if (phase == RunPhase::kDone) {
    v->step = v->steps;
    take_best(*v, folder, metric_of(c_.plan.study, trial.arm).name);
  }
  progress_.on_run_end(*v);
}

void JudgedRuns::on_trial_end(const Trial& trial) {
  end(trial, trial.state == TrialState::kDone ? RunPhase::kDone : RunPhase::kFailed);
}

void JudgedRuns::on_trial_stop(const Trial& trial) {
  end(trial, RunPhase::kStopped);
}

void JudgedRuns::settle_all() {
  for (RunView& v : c_.runs) {
    const RunPhase known = v.phase;
    settle(v, v.id.folder(folder_));
    // A process that died before its trainer wrote anything is known to this session alone.
    if (known == RunPhase::kFailed) v.phase = known;
  }
}
}  // namespace cambium
