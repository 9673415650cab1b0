// Session: everything a run holds in memory while it trains.
#pragma once
#include "data/loader.h"
#include "train/prefix/features.h"
#include "train/run/trainer.h"
#include "train/thaw/unfreeze.h"
#include "train/weights/transfer.h"

namespace cambium {
// What one update gave.
struct StepOutcome {
  double loss, grad_norm;  // loss: mean over all that its batches score
  int64_t examples;
};

class Session {
 public:
  // Compiles, checks the memory (before allocating any) and initialises for the seed. Of a run of
  // several phases (`unfreeze:`) each is compiled, for the memory of the largest, and one is kept.
  Session(const Experiment& e, int64_t available_bytes);

  // From the next start() on, what a frozen prefix of the step answers is kept and read from there,
  // where that gives the same bits and pays (train/prefix/open_features.h).
  void keep_features(FeatureSettings settings, std::function<void(const std::string&)> note);

  // Puts a checkpoint's tensors back and goes on after `step` updates; `stream`: what
  // stream_state() said after them.
  void start(int64_t step, const std::string& stream = {});
  void restore_from(const Checkpoint& c, const std::string& origin);
  // Before start(0).
  void start_from(const Transfer& t);
  void start_from(const Tensors& tensors);  // some of its own, by name

  // One update. RuntimeError when the loss or the gradient is not finite; the parameters stay as
  // they were.
  StepOutcome step(int64_t number, double lr);

  // The same at the rate of the schedule before any evaluation.
  StepOutcome step(int64_t number) { return step(number, e_.train.lr(number, e_.total_steps())); }

  // With the averages of weights where the spec keeps them; so are the best ones.
  Metrics evaluate_on(Split split, int64_t most_batches);
  void keep_as_best();  // copies what evaluation needs
  void use_best();      // puts it back

  const std::string& stream_state() const { return loader_->stream_state(); }

  NamedTensors tensors() const;
  NamedTensors best() const;

  int64_t needed_bytes() const { return need_.total(); }

  // The most the process will hold: what it held with its data and its compiled plans, and what
  // training needs on top.
  int64_t predicted_peak_bytes() const { return peak_bytes_; }

  // Whose kernels make a step: one, with accumulation a second for the update and, where blocks
  // have losses of their own, one for their shares, and where the optimizer wants the curvature one
  // for its estimate.
  std::vector<Executor*> executors() const;

 private:
  void enter(size_t phase);  // compiles it unless it is the present one
  void bind();               // what runs the present plans
  void unbind();
  void compile_phase(size_t phase);
  void use_features(int64_t step);
  void drop_features();
  void go_to(size_t phase, int64_t step);
  void set_step_inputs(Executor& executor, int64_t number, double lr);
  void count_shares(int64_t number);
  void estimate_curvature(const Batch& batch, int64_t number);
  int64_t draw(int64_t number, int64_t batch) const;  // what random numbers of a batch depend on
  void swap_averages();                               // of weights with the weights themselves

  const Experiment& e_;
  Engine engine_;
  std::vector<ThawPhase> phases_;
  size_t phase_ = 0;
  std::optional<TrainPlans> plans_;  // of the phase
  MemoryNeed need_;
  int64_t peak_bytes_ = 0;
  Store store_;
  std::unique_ptr<Executor> step_, apply_, shares_, curvature_, evaluation_;
  FeatureSettings feature_settings_;
  std::unique_ptr<FeatureData> features_;   // what the loader reads in the place of the data
  std::unique_ptr<Loader> loader_, ahead_;  // ahead_: of the batches whose shares are counted
  std::map<std::string, Tensor, std::less<>> best_;
  std::vector<std::pair<Tensor*, Tensor*>> averaged_;  // a parameter and its average, in the store
};
}  // namespace cambium
