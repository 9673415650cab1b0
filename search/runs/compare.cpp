#include "search/runs/compare.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/system/cancel.h"
#include "core/system/files.h"
#include "core/system/lock.h"
#include "core/system/memory.h"
#include "core/system/parallel.h"
#include "core/system/process.h"
#include "core/text/json.h"
#include "search/runs/earlier.h"
#include "search/runs/run_view.h"
#include "search/runs/timing.h"
#include "train/run/run_folder.h"
#include "train/run/trainer.h"

namespace cambium {
namespace {
using Clock = std::chrono::steady_clock;

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

struct Active {
  Process child;
  RunView* view;
  Clock::time_point started;
  int64_t first_step;
  Company company;
};

class Comparer {
 public:
  Comparer(Comparison& c, const CompareSettings& settings, StudyProgress& progress)
      : c_(c), settings_(settings), progress_(progress) {}

  void prepare();
  void run_side_by_side();
  void run_in_turn();
  int64_t jobs() const;

 private:
  std::string folder_of(const RunView& v) const { return v.id.folder(settings_.folder); }

  bool stop_asked() { return c_.stopped = c_.stopped || (settings_.stop && settings_.stop()); }

  RunView* next_waiting();
  void start(RunView& view);
  void poll();
  void note_company();
  void end(Active& run);
  void update_eta(Active& run);
  void run_here(RunView& view);

  Comparison& c_;
  const CompareSettings& settings_;
  StudyProgress& progress_;
  std::vector<Active> active_;
  int64_t wanted_ = 1;  // side by side, settled once: free memory shrinks while runs go on
};

// Writes each run's spec and takes over what earlier sessions finished. A run that failed is tried
// again: the cause may have been the machine's.
void Comparer::prepare() {
  for (const PlannedVariant& v : c_.plan.variants)
    for (int64_t seed : c_.plan.study.seeds) {
      RunView view{.id = {v.name, seed}, .steps = v.steps};
      const std::string folder = view.id.folder(settings_.folder);
      make_folders(folder);
      const FolderLock lock(folder);  // refuses while somebody trains there
      sweep_temporaries(folder);
      settle(view, settings_.folder);
      if (view.phase != RunPhase::kDone) {
        view.phase = RunPhase::kWaiting;
        view.error.clear();
        replace_file(folder + "/spec.yaml", to_yaml(run_spec(c_.plan.study, v, seed).root));
        const Json id = {{"variant", v.name}, {"seed", seed}, {"status", "waiting"}};
        if (!file_exists(folder + "/run.json"))
          replace_file(folder + "/run.json", to_text(id, 1) + "\n");
      }
      c_.runs.push_back(std::move(view));
    }
  // Seed by seed, so that an early stop leaves pairs.
  const auto& seeds = c_.plan.study.seeds;
  std::ranges::stable_sort(c_.runs, {}, [&](const RunView& v) {
    return std::ranges::find(seeds, v.id.seed) - seeds.begin();
  });
}

int64_t Comparer::jobs() const {
  return jobs_of(c_.plan, settings_);
}

RunView* Comparer::next_waiting() {
  const auto next = std::ranges::find(c_.runs, RunPhase::kWaiting, &RunView::phase);
  return next == c_.runs.end() ? nullptr : &*next;
}

void Comparer::start(RunView& view) {
  const std::string folder = folder_of(view);
  const std::vector<std::string> arguments = {
      "train", folder + "/spec.yaml", "--run", folder, "--resume", "--threads",
      "1",     "--progress",          "none"};
  Process child = start_process(settings_.program, arguments, folder + "/output.txt");
  view.phase = RunPhase::kRunning;
  refresh(view, settings_.folder, c_.plan.study.metric);
  const Company company{.jobs = wanted_, .from = view.step};
  write_company(folder, company);
  active_.push_back({std::move(child), &view, Clock::now(), view.step, company});
}

void Comparer::update_eta(Active& run) {
  RunView& v = *run.view;
  const double seconds = std::chrono::duration<double>(Clock::now() - run.started).count();
  const int64_t done = v.step - run.first_step;
  v.eta_seconds = done > 0 ? seconds / double(done) * double(v.steps - v.step) : -1;
}

void Comparer::end(Active& run) {
  RunView& v = *run.view;
  settle(v, settings_.folder);
  const int code = run.child.exit_code();
  if (code != 0 && v.phase != RunPhase::kFailed && code != 130) {
    v.phase = RunPhase::kFailed;
    v.error = str("the process ended with code ", code, "; see ", folder_of(v), "/output.txt");
  }
  if (code == 0 && v.phase != RunPhase::kDone)
    throw InternalError(str("'", folder_of(v), "' ended well but is not done"));
  v.eta_seconds = -1;
  progress_.on_run_end(v);
}

// The last runs have fewer neighbours than the others had: what they take from here on is not
// compared.
void Comparer::note_company() {
  if (int64_t(active_.size()) >= wanted_ || next_waiting()) return;
  for (Active& run : active_) {
    if (run.company.until >= 0) continue;
    run.company.until = run.view->step;
    write_company(folder_of(*run.view), run.company);
  }
}

void Comparer::poll() {
  for (Active& run : active_) {
    refresh(*run.view, settings_.folder, c_.plan.study.metric);
    update_eta(run);
    if (run.child.ended()) end(run);
  }
  std::erase_if(active_, [](const Active& run) { return run.view->phase != RunPhase::kRunning; });
  note_company();
}

void Comparer::run_side_by_side() {
  const CancelScope stops;
  wanted_ = jobs();
  bool told = false;
  while (next_waiting() || !active_.empty()) {
    if (stop_asked() && !told) {
      for (Active& run : active_) run.child.interrupt();
      told = true;
    }
    while (!c_.stopped && int64_t(active_.size()) < wanted_ && next_waiting())
      start(*next_waiting());
    if (active_.empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    poll();
    progress_.on_runs(c_.runs);
  }
}

// Brings a run's reports into the study's view.
class RunReporter : public Progress {
 public:
  RunReporter(Comparison& c, RunView& view, StudyProgress& progress)
      : c_(c), view_(view), progress_(progress) {}

  void on_step(const StepReport& r) override {
    view_.step = r.step;
    view_.loss = r.loss;
    view_.eta_seconds = r.step_ms / 1e3 * double(r.steps - r.step);
    const auto now = Clock::now();
    if (now - shown_ < std::chrono::milliseconds(500)) return;
    shown_ = now;
    progress_.on_runs(c_.runs);
  }

  void on_evaluation(const EvaluationReport& r) override {
    view_.value = r.metrics.at(metric_of(c_.plan.study.metric));
  }

 private:
  Comparison& c_;
  RunView& view_;
  StudyProgress& progress_;
  Clock::time_point shown_{};
};

void Comparer::run_here(RunView& view) {
  RunReporter reporter(c_, view, progress_);
  view.phase = RunPhase::kRunning;
  try {
    write_company(folder_of(view), {.jobs = 1, .from = view.step});
    const Experiment e = open_experiment(load_spec(folder_of(view) + "/spec.yaml"));
    const RunSettings settings{.folder = folder_of(view), .resume = true, .stop = settings_.stop};
    const RunResult result = run_training(e, settings, reporter);
    view.phase = result.done ? RunPhase::kDone : RunPhase::kStopped;
  } catch (const RuntimeError& error) {
    view.phase = RunPhase::kFailed;
    view.error = error.what();
  }
  view.eta_seconds = -1;
  progress_.on_run_end(view);
}

void Comparer::run_in_turn() {
  while (!stop_asked() && next_waiting()) run_here(*next_waiting());
}

// Plans on as many threads as a run will have; a budget of seconds times steps with as many
// neighbours as a run will have.
StudyPlan plan_as_run(Study study, const CompareSettings& settings,
                      const std::map<std::string, int64_t>& known_steps) {
  const int threads = thread_count();
  if (wanted_jobs(settings, study) > 1) set_thread_count(1);
  const StepTimer timer = [&](const StudyPlan& plan) {
    const int64_t jobs = jobs_of(plan, settings);
    if (jobs > 1)
      return step_times_side_by_side(plan, settings.program, settings.folder + "/timing", jobs);
    set_thread_count(threads);  // runs will follow one another, in this process
    return std::vector<StepTime>();
  };
  StudyPlan plan = plan_study(std::move(study), known_steps, timer);
  set_thread_count(threads);
  return plan;
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
  Json description = study_json(c.plan, frozen, nullptr, settings.command);
  check_same_specs(settings.folder, c.plan);
  replace_file(settings.folder + "/study.json", to_text(description, 1) + "\n");
  Comparer comparer(c, settings, progress);
  comparer.prepare();
  const bool here = comparer.jobs() == 1;
  progress.on_plan(c.plan, here ? 1 : comparer.jobs());
  here ? comparer.run_in_turn() : comparer.run_side_by_side();
  try {
    c.results = collect_results(c.plan, settings.folder, int64_t(frozen.looks.size()));
  } catch (const Json::exception& e) {
    throw UserError(str("a run.json in '", settings.folder, "/runs' is damaged: ", e.what()),
                    "remove that run's folder and compare again");
  }
  description = study_json(c.plan, frozen, &c.results, settings.command);
  replace_file(settings.folder + "/study.json", to_text(description, 1) + "\n");
  replace_file(settings.folder + "/summary.json", to_text(summary_json(c.results), 1) + "\n");
  return c;
}
}  // namespace cambium
