#include "search/runs/compare.h"

#include <algorithm>
#include <limits>
#include <thread>

#include "core/hash.h"
#include "core/system/files.h"
#include "core/system/lock.h"
#include "core/system/memory.h"
#include "core/system/threads.h"
#include "search/results/study_folder.h"
#include "search/runs/earlier.h"
#include "search/runs/judged_runs.h"
#include "search/runs/timing.h"
#include "search/study/tune_settings.h"
#include "search/trials/trial_list.h"
#include "search/tune/tuner.h"
#include "train/run/run_folder.h"

namespace cambium {
namespace {
// What runs may need together: as many go side by side as memory holds of the largest, settled
// once, so that each has as many neighbours as the others.
constexpr int64_t kSettledByJobs = std::numeric_limits<int64_t>::max();

int64_t wanted_jobs(const CompareSettings& settings, const Study& study) {
  if (settings.program.empty()) return 1;
  if (settings.jobs > 0) return settings.jobs;
  if (study.jobs > 0) return study.jobs;
  const auto cores = int64_t(std::thread::hardware_concurrency());
  return std::max<int64_t>(1, cores / std::max<int64_t>(1, study.threads));
}

// As many runs as are wanted, as memory holds and as there are.
int64_t jobs_of(const StudyPlan& plan, const CompareSettings& settings) {
  int64_t need = 1;
  for (const PlannedVariant& v : plan.variants) need = std::max(need, v.needed_bytes);
  const int64_t available = available_memory_bytes();
  const auto runs = int64_t(plan.variants.size() * plan.study.seeds.size());
  const int64_t fit = available < 0 ? runs : std::max<int64_t>(1, available / need);
  return std::min({wanted_jobs(settings, plan.study), fit, runs});
}

// Plans on as many threads as a run will have; a budget of seconds times steps with as many
// neighbours as a run will have.
StudyPlan plan_as_run(Study study, const CompareSettings& settings,
                      const std::map<std::string, int64_t>& known_steps) {
  std::optional<ThreadCountScope> as_child;
  if (wanted_jobs(settings, study) > 1 || study.threads > 0)
    as_child.emplace(int(std::max<int64_t>(1, study.threads)));
  const StepTimer timer = [&](const StudyPlan& plan) {
    const int64_t jobs = jobs_of(plan, settings);
    if (jobs > 1)
      return step_times_side_by_side(plan, settings.program, settings.folder + "/timing", jobs);
    as_child.reset();  // runs will follow one another, in this process
    return std::vector<StepTime>();
  };
  return plan_study(std::move(study), known_steps, timer);
}

class TuningView : public TrialWatch {
 public:
  TuningView(StudyProgress& progress, int64_t planned) : progress_(progress), planned_(planned) {}

  void on_trials(std::span<const Trial> all, std::span<const RunUpdate> running) override {
    progress_.on_trials(all, running, planned_);
  }

  void on_trial_end(const Trial& trial) override { progress_.on_trial_end(trial, planned_); }

 private:
  StudyProgress& progress_;
  const int64_t planned_;
};

// All that decides which trials a study has. Without tuning none is proposed from what another
// gave: seeds and variants may come later, and study.json says whether they fit.
StudyRecord record_of(const StudyPlan& plan) {
  StudyRecord record{.name = plan.study.name, .lag = kNoLag};
  if (!plan.study.tune) return record;
  record.lag = plan.study.tune->lag;
  record.settings["tune"] = plan.study.tune->text;
  record.settings["metric"] = plan.study.metric;
  record.settings["threads"] = std::max<int64_t>(1, plan.study.threads);
  for (const PlannedVariant& v : plan.variants)
    record.settings["variants"][v.name] = hash_name(spec_hash(v.spec));
  return record;
}

// Chooses what is tuned and puts it into the study; false: stopped before all was chosen.
bool tune_study(Comparison& c, TrialStore& store, const CompareSettings& settings,
                StudyProgress& progress) {
  TuningView view(progress, tuning_trials(c.plan.study));
  c.tuning = tune_variants(c.plan, store, settings.folder,
                           {.program = settings.program,
                            .jobs = wanted_jobs(settings, c.plan.study),
                            .stop = settings.stop,
                            .metric = c.plan.study.metric},
                           view);
  if (!c.tuning) return false;
  apply_tuning(c.plan.study, *c.tuning);
  write_tuning(settings.folder, *c.tuning);
  progress.on_tuned(*c.tuning);
  return true;
}

// What is tuned is planned twice: as it stands, so that no mistake costs trials, and as chosen.
StudyPlan plan_untuned(const Study& study, const CompareSettings& settings) {
  const FolderLock lock(settings.folder);
  sweep_temporaries(settings.folder);
  earlier_steps(settings.folder, study);  // refuses another study's folder
  StudyPlan plan = plan_study(study);
  check_tuning(plan);
  return plan;
}

// The folder is one process's only while the study is settled and while its results are written:
// in between others may join, and take runs over.
Frozen settle_study(Comparison& c, Study study, const CompareSettings& settings) {
  const FolderLock lock(settings.folder);
  sweep_temporaries(settings.folder);
  const auto known_steps = earlier_steps(settings.folder, study);
  Frozen frozen = carried_on(study, settings.folder);
  c.plan = plan_as_run(std::move(study), settings, known_steps);
  check_same_specs(settings.folder, c.plan);
  if (!c.plan.study.looks.empty()) c.plan.study.seeds.resize(size_t(c.plan.study.looks.front()));
  write_description(settings.folder, describe(c.plan, frozen, nullptr, settings.command));
  return frozen;
}

void conclude(Comparison& c, const Frozen& frozen, const CompareSettings& settings) {
  const FolderLock lock(settings.folder);
  c.results = collect_results(c.plan, settings.folder, int64_t(frozen.looks.size()));
  write_description(settings.folder, describe(c.plan, frozen, &c.results, settings.command));
  write_summary(settings.folder, c.results);
}

// All seeds of the plan.
void judge(Comparison& c, TrialStore& store, const CompareSettings& settings,
           StudyProgress& progress) {
  const int64_t jobs = jobs_of(c.plan, settings), threads = c.plan.study.threads;
  const bool here = jobs == 1 && threads == 0 && !c.tuning;
  const bool first = c.runs.empty();
  c.runs.clear();
  JudgedRuns judged(c, settings.folder, progress);
  if (first) judged.try_failed_again(store);
  if (first) progress.on_plan(c.plan, jobs);
  c.stopped = work_on(store,
                      {.folder = settings.folder,
                       .propose = judged.list(),
                       .threads = here ? 0 : std::max<int64_t>(1, threads)},
                      {.program = here ? "" : settings.program,
                       .jobs = jobs,
                       .memory_bytes = kSettledByJobs,
                       .stop = settings.stop,
                       .metric = c.plan.study.metric},
                      judged);
  judged.settle_all();
}

// Look by look where they are planned, until nothing is left to tell; else all seeds at once.
void judge_in_looks(Comparison& c, const Frozen& frozen, TrialStore& store,
                    const CompareSettings& settings, StudyProgress& progress) {
  std::vector<int64_t>& seeds = c.plan.study.seeds;
  while (true) {
    judge(c, store, settings, progress);
    conclude(c, frozen, settings);
    const auto now = int64_t(seeds.size()), next = seeds_to_train(c.plan.study, c.results, now);
    if (c.stopped || next == now) return;
    seeds.assign(frozen.looks.back().begin(), frozen.looks.back().begin() + next);
    progress.on_more_seeds(now, next);
    const FolderLock lock(settings.folder);
    write_description(settings.folder, describe(c.plan, frozen, nullptr, settings.command));
  }
}
}  // namespace

Comparison compare(Study study, const CompareSettings& settings, StudyProgress& progress) {
  ensure(!settings.folder.empty(), "a study needs a folder");
  const MadeFolder made(settings.folder);
  Comparison c;
  std::optional<TrialStore> store;
  if (study.tune) {
    c.plan = plan_untuned(study, settings);
    progress.on_plan(c.plan, wanted_jobs(settings, c.plan.study));
    store.emplace(settings.folder, record_of(c.plan));
    c.stopped = !tune_study(c, *store, settings, progress);
    if (c.stopped || settings.only_tune) return c;
    study = c.plan.study;
  }
  const Frozen frozen = settle_study(c, std::move(study), settings);
  if (!store) store.emplace(settings.folder, record_of(c.plan));
  judge_in_looks(c, frozen, *store, settings, progress);
  return c;
}
}  // namespace cambium
