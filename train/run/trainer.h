// Trainer: the run loop. Prints nothing: it reports through Progress, files and its result.
#pragma once
#include <functional>

#include "data/mixture.h"
#include "train/graphs/plans.h"
#include "train/run/checkpoint.h"
#include "train/run/floor_watch.h"

namespace cambium {
struct RunInfo {  // known before the first step
  StepCost cost;
  int64_t steps, first_step, batches_per_epoch;
  bool over = false;  // resumed where nothing is left to do; first_step is then none of the run
  int64_t needed_bytes, available_bytes;
  int64_t peak_bytes;  // predicted, of the whole process
  std::string data;    // one line about the dataset
  bool values;         // its targets are values, not classes: losses are not in nats
  std::vector<ReferenceLoss> reference_losses;
};

struct StepReport {
  int64_t step, steps;
  double epoch, loss, grad_norm, lr, step_ms, seconds;
};

struct EvaluationReport {
  int64_t step;
  Metrics metrics;
  bool best;
  double seconds;  // this evaluation took
};

class Progress {
 public:
  virtual ~Progress() = default;

  virtual void on_start(const RunInfo&) {}

  virtual void on_step(const StepReport&) {}

  virtual void on_evaluation(const EvaluationReport&) {}

  virtual void on_checkpoint(int64_t /*step*/) {}

  virtual void on_note(const std::string&) {}  // something the user should know
};

struct RunSettings {
  std::string folder;          // empty: no files
  std::string cache;           // where `train.cache: auto` keeps its files; empty: in the folder
  bool resume = false;         // go on from the folder's checkpoint, or start when there is none
  std::function<bool()> stop;  // asked after each step; true: save and stop
  int64_t pause_at = 0;  // not 0: saves and stops after this step, in the middle of its schedule
  int64_t available_bytes = -1;  // -1: what the system says
};

struct RunResult {
  bool done = false;    // false: stopped by `stop`, or paused
  bool paused = false;  // where RunSettings::pause_at says, or already beyond
  RunState state;
  std::optional<Metrics> test;  // at the best evaluation; none when stopped or without a test split
  bool test_part = true;        // false: the data has none, and `test` is of all validation data
  StepCost cost;
  double flops = 0;  // of the steps so far
  std::string
      sees_answers;  // why its numbers are no achievement (train/run/floor_watch.h), or empty
  std::string other_length;  // why it is no run of its length (train/run/going_on.h), or empty
  std::vector<MixedSource> sources;          // what was read so far, of data that mixes some
  double step_ms = 0;                        // median of this session's last steps
  double step_ms_low = 0, step_ms_high = 0;  // their quartiles
  int64_t predicted_bytes = 0;               // of the whole process, its data included
};

// Trains and, when done, evaluates the best weights once on the test split. In the folder:
// spec.yaml, log.jsonl (equal bytes for equal runs), timing.jsonl, run.json, checkpoints/.
// UserError: the folder holds a run and `resume` is false, or a run of another spec.
// RuntimeError: memory, disk, NaN (naming the first node that made it).
RunResult run_training(const Experiment& e, const RunSettings& settings, Progress& progress);
}  // namespace cambium
