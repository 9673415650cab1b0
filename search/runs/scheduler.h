// Scheduler: executes training runs, some side by side as processes or one after another in this
// one. It knows nothing of what the runs are for: a source says what to train next, and may wait
// for the ends of earlier runs before it does.
#pragma once
#include <functional>
#include <span>

#include "core/yaml/spec.h"
#include "search/runs/run_status.h"

namespace cambium {
struct RunOrder {
  int64_t id = 0;      // what the source knows it by
  std::string folder;  // made when it is not there; a run in it goes on from its checkpoint
  // Complete. Where the folder holds a run of the same but for fewer steps, that is taken further:
  // train/run/going_on.h says when it becomes the longer run bit for bit.
  Spec spec;
  int64_t steps = 0;         // that the run is to have in the end; for views alone
  int64_t needed_bytes = 0;  // memory while it trains
  int64_t threads = 0;       // 0: one as a process; all of this process inside it
  // Not 0: trained up to this step of its schedule, which ends the order; another goes on.
  int64_t pause_at = 0;
};

struct RunUpdate {
  int64_t id = 0;    // of its order
  RunStatus status;  // kDone also where the order ended in a pause
  int code = 0;      // of the process that ended; above 128: a signal ended it
};

struct NextRun {
  enum Kind {
    kRun,
    kLater,    // nothing now: ask again when a run has ended
    kOthers,   // nothing now: other processes are at what it waits for; ask again in a moment
    kFinished  // nothing any more
  } kind = kFinished;

  RunOrder order = {};  // kRun
};

class RunSource {
 public:
  virtual ~RunSource() = default;

  // Asked when there is room for one more. An order for a folder that is trained in waits for no
  // one: the source waits for the folder's run to end. A run that failed or stopped may be ordered
  // again and goes on from its last checkpoint.
  virtual NextRun next() = 0;

  virtual void on_progress(std::span<const RunUpdate> /*running*/) {}  // some times a second

  virtual void on_end(const RunUpdate& /*run*/) {}  // done, failed or stopped
};

struct SchedulerSettings {
  // How a run becomes a process: this program, then "train SPEC --run DIR ...". Empty: runs follow
  // one another inside this process.
  std::string program;
  int64_t jobs = 1;            // processes side by side at most
  int64_t memory_bytes = -1;   // that they may need together; a run always may be alone. -1: what
                               // the system has when the first is started
  std::function<bool()> stop;  // true: save and stop every run, start none
  std::string metric;          // RunStatus::value, such as "val.loss"
};

// Writes what a run is to be trained from and answers the file: <folder>/spec.yaml, or
// <folder>/longer.yaml where that says what an earlier, shorter run was trained from.
std::string write_run_spec(const RunOrder& order);

// Until the source is finished or `stop` says so, which is answered. A run that fails is told to
// the source, not thrown. RuntimeError: disk, or no process can be started. UserError: an order
// that cannot be opened inside this process. What is running when an error leaves is killed.
// InternalError: the source waits though nothing runs.
bool execute_runs(RunSource& source, const SchedulerSettings& settings);
}  // namespace cambium
