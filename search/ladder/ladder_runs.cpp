#include "search/ladder/ladder_runs.h"

#include <algorithm>
#include <limits>

#include "core/hash.h"
#include "core/system/files.h"
#include "core/system/lock.h"
#include "search/ladder/ladder_folder.h"
#include "search/trials/list_watch.h"
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
}  // namespace

int64_t ladder_jobs(const LadderPlan& plan, const LadderSettings& settings) {
  if (settings.program.empty()) return 1;
  int64_t need = 1;
  for (const LadderPoint& p : plan.points) need = std::max(need, p.planned.needed_bytes);
  return list_jobs(settings.jobs, plan.study, need, plan.runs.size());
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
  const std::vector<Trial> list = trials_of(plan);
  try_failed_again(list, store);
  ListWatch watching(list, watch);
  return work_on(store, {.folder = settings.folder, .propose = listed(list), .threads = threads},
                 {.program = settings.program,
                  .jobs = ladder_jobs(plan, settings),
                  .memory_bytes = std::numeric_limits<int64_t>::max(),  // settled by jobs
                  .stop = settings.stop,
                  .metric = "val.loss"},
                 watching);
}
}  // namespace cambium
