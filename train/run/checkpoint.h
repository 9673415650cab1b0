// Checkpoints: everything a run needs to go on, written so that a kill at any instant leaves a
// whole one. In <run>/checkpoints/:
//   step-40.safetensors   parameters, moments, running statistics
//   step-40.json          the rest of the state
//   best-30.safetensors   what evaluation needs, at the best evaluation so far
//   index.json            names the files of the last two checkpoints with their sizes and hashes
// index.json is replaced last and atomically; files it does not name are removed after that.
#pragma once
#include <map>
#include <optional>

#include "core/tensor/tensor.h"
#include "core/text/json_forward.h"
#include "data/identity.h"
#include "train/run/evaluate.h"
#include "train/spec/schedule.h"

namespace cambium {
using NamedTensors = std::map<std::string, const Tensor*, std::less<>>;

struct BestEvaluation {
  int64_t step = 0;
  Metrics metrics;
};

// The state of a run beside its tensors, after `step` updates.
struct RunState {
  int64_t step = 0, examples = 0;
  double loss_sum = 0;  // of the batches since the last line of the log
  int64_t loss_count = 0;
  std::optional<BestEvaluation> best;
  Metrics evaluated;  // the last evaluation
  int64_t stale = 0;  // evaluations since the best one
  ScheduleState schedule;
  double seconds = 0;        // over all sessions, with evaluations and checkpoints
  double train_seconds = 0;  // of the steps alone
  int64_t log_bytes = 0, timing_bytes = 0;
  std::string stream;  // where data stands that comes in a stream (Loader::stream_state)
  int64_t seed = 0;
  uint64_t spec_hash = 0;
  Identity data;        // what it is trained on; empty in runs of versions that kept none
  std::string machine;  // threads, instruction set and version: equal text, equal bits
};

Json to_json(const Metrics& m);
Json to_json(const RunState& s);
Json to_json(const Identity& id);
Identity identity_from(const Json& json);   // UserError unless it is an object of texts
RunState run_state_from(const Json& json);  // UserError when a key is missing or of another type

struct Checkpoint {
  RunState state;
  std::map<std::string, Tensor, std::less<>> tensors;
  std::map<std::string, Tensor, std::less<>> best;  // empty before the first evaluation
  bool fell_back = false;  // the newest checkpoint was damaged; this is the one before
};

// Writes <folder>/checkpoints/...; `best` is written when the index does not name it yet.
// RuntimeError when the disk is full or gone; the old checkpoints stay whole then.
void save_checkpoint(const std::string& folder, const RunState& state, const NamedTensors& tensors,
                     const NamedTensors& best);

bool has_checkpoint(const std::string& folder);

// The newest whole checkpoint. RuntimeError when there is none or all named ones are damaged.
Checkpoint load_checkpoint(const std::string& folder);

// What evaluation needs of a run.
struct LoadedWeights {
  std::map<std::string, Tensor, std::less<>> tensors;
  int64_t step = 0;        // the update they stand after
  bool fell_back = false;  // the file that should hold them is damaged; these are older
};

// The last or the best weights, their averages where the run keeps those; RuntimeError as above,
// UserError when there is no best yet.
LoadedWeights load_weights(const std::string& folder, bool best);

// The file of those, for who reads it a tensor at a time. It has no averages of the last ones.
std::string weights_file(const std::string& folder, bool best);

// Copies tensors into those of the store with the same names. UserError when one is missing or of
// another type: the weights belong to another spec.
void restore(Store& store, const std::map<std::string, Tensor, std::less<>>& tensors,
             const std::string& origin);
}  // namespace cambium
