// Plans: the compiled graphs of one training run, and the memory they need.
#pragma once
#include <algorithm>

#include "graph/run/executor.h"
#include "ops/support/dnnl.h"
#include "train/graphs/step_graph.h"

namespace cambium {
struct TrainPlans {
  Plan step;  // of Step::training; the others of what Step calls so
  std::optional<Plan> apply, shares, curvature;
  Plan evaluation;

  std::vector<const Plan*> all() const;
};

// Runs the passes and compiles; the engine must outlive the plans. RuntimeError, before a kernel is
// built, when the step needs more than all the memory of the machine.
TrainPlans compile_plans(const Experiment& e, Engine& engine);

// Of each step that runs oneDNN's plain loops, hundreds of times slower than its other kernels, on
// more than 64 KiB: what it is, where it stands and the kernel.
std::vector<std::string> slow_kernels(const Plan& plan);

// What training will hold beyond what the process holds now: one arena and one store for all plans,
// their inputs and the graphs of constants (dense ones are held already), a copy of the best
// weights, the batches that are read ahead with their graphs, what running for the first time
// brings in (kFirstRunBytes), and 1/256 more.
struct MemoryNeed {
  int64_t store_bytes = 0, batch_bytes = 0;  // batch_bytes grows with the batch

  int64_t total() const { return store_bytes + batch_bytes; }

  void cover(const MemoryNeed& other) {
    store_bytes = std::max(store_bytes, other.store_bytes);
    batch_bytes = std::max(batch_bytes, other.batch_bytes);
  }
};

MemoryNeed memory_need(const Experiment& e, const TrainPlans& plans);

// The most that any phase of the run needs (train/thaw/unfreeze.h). Each is compiled for it; the
// engine and the plans of the last stay in `kept`, as they will in the run.
struct KeptPlans {
  Engine engine;
  std::optional<TrainPlans> plans;
};

MemoryNeed memory_of_run(const Experiment& e, KeptPlans& kept);

// The most the process will hold: what it holds now, with its data and its compiled plans, and
// `need`; gives what is free back to the system first.
int64_t predicted_peak_bytes(const MemoryNeed& need);

// What the system says can be used; without limit where it does not say, which refuses nothing.
int64_t usable_memory_bytes();

// MemoryError with remedies when `need` is above `available_bytes`.
void check_memory(const Experiment& e, const MemoryNeed& need, int64_t available_bytes);

std::string bytes_text(int64_t bytes);  // "391 MiB"
}  // namespace cambium
