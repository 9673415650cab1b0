#include "search/trials/trial_runs.h"

#include <algorithm>
#include <csignal>

#include "core/system/files.h"
#include "core/system/lock.h"
#include "train/record/run_record.h"
#include "train/run/run_folder.h"

namespace cambium {
namespace {
// A trial that is killed so often is taken to be what kills it, as by want of memory.
constexpr int64_t kMostAttempts = 10;
constexpr double kSecondsBetweenLooks = 0.5;  // at what other processes did

bool was_killed(const RunUpdate& run) {
  return run.code == 128 + SIGKILL || run.code == 128 + SIGTERM || run.code == 128 + SIGHUP;
}

class TrialRuns : public RunSource {
 public:
  TrialRuns(TrialStore& store, const TrialWork& work, TrialWatch& watch)
      : store_(store), work_(work), watch_(watch) {}

  TrialRuns(const TrialRuns&) = delete;

  ~TrialRuns() override {
    for (const auto& [number, claim] : claims_) try {
        store_.give_back(claim);
      } catch (const Error&) {
        // The claim ends with the process.
      }
  }

  NextRun next() override;
  void on_progress(std::span<const RunUpdate> running) override;
  void on_end(const RunUpdate& run) override;

 private:
  std::string folder_of(const Trial& t) const { return str(work_.folder, "/", t.folder); }

  NextRun wait();
  RunOrder order_of(const Trial& t) const;
  bool has_run(const Trial& t) const;
  void end(TrialClaim claim, TrialEnd outcome);

  TrialStore& store_;
  const TrialWork& work_;
  TrialWatch& watch_;
  std::map<int64_t, TrialClaim> claims_;
  Stopwatch looked_;
};

// Where a process died after its run had ended and before it said so, and of folders that were
// trained without a store.
bool TrialRuns::has_run(const Trial& t) const {
  RunStatus status;
  settle(status, folder_of(t));
  return status.phase == RunPhase::kDone ||
         (t.pause_at > 0 && status.phase == RunPhase::kStopped && status.step >= t.pause_at);
}

RunOrder TrialRuns::order_of(const Trial& t) const {
  const std::string folder = folder_of(t);
  {
    make_folders(folder);
    const FolderLock nobody_trains_there(folder);
    sweep_temporaries(folder);
    if (!has_checkpoint(folder)) write_waiting(folder, t.arm, t.seed);
  }
  return {.id = t.number,
          .folder = folder,
          .spec = {folder + "/spec.yaml", parse_yaml(t.spec, folder + "/spec.yaml")},
          .steps = t.pause_at > 0 ? t.pause_at : t.steps,
          .needed_bytes = t.needed_bytes,
          .threads = work_.threads,
          .pause_at = t.pause_at};
}

NextRun TrialRuns::next() {
  for (;;) {
    if (std::optional<TrialClaim> claim = store_.claim()) {
      const int64_t number = claim->number();
      const Trial& trial = claims_.emplace(number, *std::move(claim)).first->second.trial;
      if (!has_run(trial)) return {NextRun::kRun, order_of(trial)};
      on_end({number, {.phase = RunPhase::kDone}});
      continue;
    }
    const Proposal proposal = store_.propose_next(work_.propose);
    if (proposal == Proposal::kAdded) continue;
    if (proposal == Proposal::kLater) return wait();
    const auto open = [](const Trial& t) { return !has_ended(t.state); };
    return std::ranges::any_of(store_.trials(), open) ? wait() : NextRun{};
  }
}

NextRun TrialRuns::wait() {
  const auto of_others = [&](const Trial& t) {
    return t.state == TrialState::kRunning && !claims_.contains(t.number);
  };
  const bool others = claims_.empty() || std::ranges::any_of(store_.trials(), of_others);
  return {others ? NextRun::kOthers : NextRun::kLater};
}

void TrialRuns::on_progress(std::span<const RunUpdate> running) {
  store_.beat();
  if (looked_.seconds() < kSecondsBetweenLooks) return;
  looked_.restart();
  watch_.on_trials(store_.trials(), running);
}

void TrialRuns::on_end(const RunUpdate& run) {
  const auto held = claims_.find(run.id);
  ensure(held != claims_.end(), "a run ended that is no trial's: ", run.id);
  const RunPhase phase = run.status.phase;
  if (phase == RunPhase::kFailed && run.status.from_outside)  // the claim goes with this
    throw RuntimeError(str("'", held->second.trial.folder, "' could not go on: ", run.status.error),
                       "mend that; the same command then goes on where this one ended");
  TrialClaim claim = std::move(held->second);
  claims_.erase(held);
  const Trial& t = claim.trial;
  if (phase == RunPhase::kStopped ||
      (phase == RunPhase::kFailed && was_killed(run) && t.attempts < kMostAttempts)) {
    store_.give_back(claim);
    if (phase == RunPhase::kStopped) watch_.on_trial_stop(t);
    return;
  }
  if (phase == RunPhase::kDone) {
    const std::string folder = folder_of(t);
    return end(std::move(claim),
               {.state = TrialState::kDone,
                .values = work_.values ? work_.values(claim.trial, folder) : run_values(folder)});
  }
  std::string reason = run.status.error;
  // The same words wherever the study lies.
  if (const size_t at = reason.find(work_.folder + "/" + t.folder); at != std::string::npos)
    reason.erase(at, work_.folder.size() + 1);
  if (was_killed(run)) reason += str("; it was tried ", t.attempts, " times");
  end(std::move(claim), {.state = TrialState::kFailed, .reason = reason});
}

// What another process took over is that one's to tell.
void TrialRuns::end(TrialClaim claim, TrialEnd outcome) {
  if (!store_.finish(claim, outcome)) return;
  claim.trial.state = outcome.state;
  claim.trial.values = std::move(outcome.values);
  claim.trial.reason = std::move(outcome.reason);
  watch_.on_trial_end(claim.trial);
}
}  // namespace

Json run_values(const std::string& run_folder) {
  Json values = Json::object();
  const RunRecord run = read_run_record(run_folder).value_or(RunRecord());
  for (const auto& scores : {run.best, run.test})
    if (scores)
      for (const auto& [name, value] : scores->metrics) values[name] = value;
  return values;
}

bool work_on(TrialStore& store, const TrialWork& work, const SchedulerSettings& settings,
             TrialWatch& watch) {
  TrialRuns runs(store, work, watch);
  return execute_runs(runs, settings);
}
}  // namespace cambium
