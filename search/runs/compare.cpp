#include "search/runs/compare.h"

#include <algorithm>
#include <limits>
#include <thread>

#include "core/system/files.h"
#include "core/system/lock.h"
#include "core/system/memory.h"
#include "core/system/threads.h"
#include "search/results/study_folder.h"
#include "search/runs/earlier.h"
#include "search/runs/scheduler.h"
#include "search/runs/timing.h"
#include "train/run/run_folder.h"

namespace cambium {
namespace {
// What runs may need together: as many go side by side as memory holds of the largest, settled
// once, so that each has as many neighbours as the others.
constexpr int64_t kSettledByJobs = std::numeric_limits<int64_t>::max();

int64_t wanted_jobs(const CompareSettings& settings, const Study& study) {
  if (settings.program.empty()) return 1;
  if (settings.jobs > 0) return settings.jobs;
  return study.jobs > 0 ? study.jobs : std::max(1u, std::thread::hardware_concurrency());
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

// The runs of a study, for the scheduler: seed by seed, so that an early stop leaves pairs.
class StudyRuns : public RunSource {
 public:
  StudyRuns(Comparison& c, const CompareSettings& settings, StudyProgress& progress, bool here)
      : c_(c), settings_(settings), progress_(progress), here_(here) {}

  void prepare();

  NextRun next() override;

  void on_progress(std::span<const RunUpdate> running) override {
    for (const RunUpdate& run : running) static_cast<RunStatus&>(view(run)) = run.status;
    progress_.on_runs(c_.runs);
  }

  void on_end(const RunUpdate& run) override {
    static_cast<RunStatus&>(view(run)) = run.status;
    progress_.on_run_end(view(run));
  }

 private:
  RunView& view(const RunUpdate& run) { return c_.runs[size_t(run.id)]; }

  RunOrder order_of(const RunView& v, int64_t id) const;

  Comparison& c_;
  const CompareSettings& settings_;
  StudyProgress& progress_;
  const bool here_;  // in this process, on all its threads
};

RunOrder StudyRuns::order_of(const RunView& v, int64_t id) const {
  const PlannedVariant& variant = c_.plan.at(v.id.variant);
  return {.id = id,
          .folder = v.id.folder(settings_.folder),
          .spec = run_spec(c_.plan.study, variant, v.id.seed),
          .steps = variant.steps,
          .needed_bytes = variant.needed_bytes,
          .threads = here_ ? 0 : 1};
}

// Writes each run's spec and takes over what earlier sessions finished. A run that failed is tried
// again: the cause may have been the machine's.
void StudyRuns::prepare() {
  for (int64_t seed : c_.plan.study.seeds)
    for (const PlannedVariant& v : c_.plan.variants) {
      RunView view{{.steps = v.steps}, {v.name, seed}};
      const std::string folder = view.id.folder(settings_.folder);
      make_folders(folder);
      const FolderLock lock(folder);  // refuses while somebody trains there
      sweep_temporaries(folder);
      settle(view, folder);
      if (view.phase != RunPhase::kDone) {
        view.phase = RunPhase::kWaiting;
        view.error.clear();
        write_run_spec(order_of(view, 0));
        write_waiting(folder, v.name, seed);
      }
      c_.runs.push_back(std::move(view));
    }
}

NextRun StudyRuns::next() {
  const auto waiting = std::ranges::find(c_.runs, RunPhase::kWaiting, &RunView::phase);
  if (waiting == c_.runs.end()) return {};
  waiting->phase = RunPhase::kRunning;
  return {NextRun::kRun, order_of(*waiting, waiting - c_.runs.begin())};
}

// Plans on as many threads as a run will have; a budget of seconds times steps with as many
// neighbours as a run will have.
StudyPlan plan_as_run(Study study, const CompareSettings& settings,
                      const std::map<std::string, int64_t>& known_steps) {
  std::optional<ThreadCountScope> as_child;
  if (wanted_jobs(settings, study) > 1) as_child.emplace(1);
  const StepTimer timer = [&](const StudyPlan& plan) {
    const int64_t jobs = jobs_of(plan, settings);
    if (jobs > 1)
      return step_times_side_by_side(plan, settings.program, settings.folder + "/timing", jobs);
    as_child.reset();  // runs will follow one another, in this process
    return std::vector<StepTime>();
  };
  return plan_study(std::move(study), known_steps, timer);
}
}  // namespace

Comparison compare(Study study, const CompareSettings& settings, StudyProgress& progress) {
  ensure(!settings.folder.empty(), "a study needs a folder");
  const MadeFolder made(settings.folder);
  const FolderLock lock(settings.folder);
  sweep_temporaries(settings.folder);
  const auto known_steps = earlier_steps(settings.folder, study);
  const Frozen frozen = carried_on(study, settings.folder);
  Comparison c{.plan = plan_as_run(std::move(study), settings, known_steps)};
  check_same_specs(settings.folder, c.plan);
  write_description(settings.folder, describe(c.plan, frozen, nullptr, settings.command));
  const int64_t jobs = jobs_of(c.plan, settings);
  StudyRuns runs(c, settings, progress, jobs == 1);
  runs.prepare();
  progress.on_plan(c.plan, jobs);
  c.stopped = execute_runs(runs, {.program = jobs == 1 ? "" : settings.program,
                                  .jobs = jobs,
                                  .memory_bytes = kSettledByJobs,
                                  .stop = settings.stop,
                                  .metric = c.plan.study.metric});
  c.results = collect_results(c.plan, settings.folder, int64_t(frozen.looks.size()));
  write_description(settings.folder, describe(c.plan, frozen, &c.results, settings.command));
  write_summary(settings.folder, c.results);
  return c;
}
}  // namespace cambium
