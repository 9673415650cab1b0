#include "search/ladder/ladder_runs.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <thread>

#include "core/hash.h"
#include "core/system/files.h"
#include "core/system/lock.h"
#include "core/system/memory.h"
#include "core/text/fmt.h"
#include "search/ladder/ladder_folder.h"
#include "search/trials/trial_list.h"
#include "train/run/run_folder.h"

namespace cambium {
namespace {
std::vector<Trial> trials_of(const LadderPlan& plan) {
  std::vector<Trial> out;
  for (const LadderRun& run : plan.runs) {
    const LadderPoint& point = plan.points[run.point];
    const LadderRung& rung = plan.rung_of(point);
    const Spec spec = ladder_spec(plan, run);
    Trial t;
    t.arm = rung.variant;
    t.point = {{"params", rung.params.total}, {name_of(plan.study.scale->length), point.length}};
    t.key = hash_name(spec_hash(spec));
    t.spec = to_yaml(spec.root);
    t.seed = run.seed;
    t.steps = point.planned.steps;
    t.needed_bytes = point.planned.needed_bytes;
    t.cost = point.flops();
    t.folder = run.folder;
    out.push_back(std::move(t));
  }
  return out;
}

class Watching : public TrialWatch {
 public:
  Watching(const LadderPlan& plan, const LadderWatch& watch) : watch_(watch) {
    now_.runs = plan.runs.size();
    for (const LadderRun& r : plan.runs) {
      cost_[r.folder] = plan.points[r.point].flops();
      all_flops_ += cost_[r.folder];
    }
  }

  void on_trials(std::span<const Trial> all, std::span<const RunUpdate> running) override {
    double flops = 0;
    now_.done = now_.failed = 0;
    now_.now.clear();
    for (const Trial& t : all) {
      const auto cost = cost_.find(t.folder);
      if (cost == cost_.end()) continue;
      if (has_ended(t.state)) flops += cost->second;
      now_.done += t.state == TrialState::kDone;
      now_.failed += t.state == TrialState::kFailed;
      const auto here = std::ranges::find(running, t.number, &RunUpdate::id);
      if (here == running.end() || here->status.steps < 1) continue;
      flops += cost->second * double(here->status.step) / double(here->status.steps);
      now_.now = str(t.folder.substr(t.folder.rfind('/') + 1),
                     fmt::format(" loss {:.3f}", here->status.loss));
    }
    now_.share = flops / all_flops_;
    now_.ended = nullptr;
    if (watch_) watch_(now_);
  }

  void on_trial_end(const Trial& t) override {
    LadderProgress ended = now_;
    ended.ended = &t;
    if (watch_) watch_(ended);
  }

 private:
  const LadderWatch& watch_;
  LadderProgress now_;
  std::map<std::string, double> cost_;
  double all_flops_ = 0;
};

int64_t threads_of(const Study& study) {
  return std::max<int64_t>(1, study.threads);
}

// The folder is one process's only while what it holds is settled; others may join later.
void settle_folder(const LadderPlan& plan, const LadderSettings& settings) {
  const FolderLock lock(settings.folder);
  const LadderRecord record = record_of(plan, settings.command);
  check_same_ladder(settings.folder, record);
  write_ladder(settings.folder, record);
}

// The cause may have been the machine's.
void try_failed_again(const LadderPlan& plan, TrialStore& store) {
  std::set<std::string> planned;
  for (const LadderRun& r : plan.runs) planned.insert(r.folder);
  for (const Trial& t : store.trials())
    if (t.state == TrialState::kFailed && planned.contains(t.folder)) store.retry(t.number);
}
}  // namespace

int64_t ladder_jobs(const LadderPlan& plan, const LadderSettings& settings) {
  if (settings.program.empty()) return 1;
  int64_t need = 1;
  for (const LadderPoint& p : plan.points) need = std::max(need, p.planned.needed_bytes);
  const auto cores = int64_t(std::thread::hardware_concurrency());
  const int64_t wanted = settings.jobs > 0     ? settings.jobs
                         : plan.study.jobs > 0 ? plan.study.jobs
                                               : cores / threads_of(plan.study);
  const int64_t available = available_memory_bytes();
  const auto runs = int64_t(plan.runs.size());
  const int64_t fit = available < 0 ? runs : std::max<int64_t>(1, available / need);
  return std::min({std::max<int64_t>(1, wanted), fit, runs});
}

bool train_ladder(const LadderPlan& plan, const LadderSettings& settings,
                  const LadderWatch& watch) {
  ensure(!settings.folder.empty(), "a ladder needs a folder");
  const MadeFolder made(settings.folder);
  const int64_t threads = threads_of(plan.study);
  const StudyRecord study{.name = plan.study.name,
                          .settings = {{"kind", "ladder"}, {"threads", threads}},
                          .lag = kNoLag};
  TrialStore store(settings.folder, study);
  settle_folder(plan, settings);
  try_failed_again(plan, store);
  Watching watching(plan, watch);
  return work_on(
      store, {.folder = settings.folder, .propose = listed(trials_of(plan)), .threads = threads},
      {.program = settings.program,
       .jobs = ladder_jobs(plan, settings),
       .memory_bytes = std::numeric_limits<int64_t>::max(),  // settled by jobs
       .stop = settings.stop,
       .metric = "val.loss"},
      watching);
}
}  // namespace cambium
