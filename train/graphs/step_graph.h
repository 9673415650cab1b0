// Step: from a model to the graphs of training, all made in one walk: the model, its scored head,
// its loss, the gradients, their norm, the update; then what stands beside them.
#pragma once
#include "train/spec/experiment.h"

namespace cambium {
struct StepCost {
  int64_t parameters = 0;
  // One update: all its batches, the update itself and its share of the estimates of curvature.
  double flops_per_step = 0;
  double forward_flops_per_example = 0;
  // The part of both that is products of matrices, convolutions and attention: docs/flops.md.
  double products_per_step = 0, forward_products_per_example = 0;
  double evaluation_flops_per_example = 0;  // no budget counts it
};

struct Step {
  // Forward, backward and updates of one batch. "loss" is that of the targets; trained on is its
  // sum with the auxiliary losses of blocks. Inputs: those of the model, "target", and, when one
  // batch makes a step, "lr" f32 [] and "step" i64 []. Outputs: "loss" [], "scored" [] (the weight
  // that the loss is the mean over), "grad_norm" [].
  // With accumulate > 1 the updates only add gradients to the states "gradient_sum.<parameter>" and
  // "scored" to the state "scored_sum": the gradients of the sum over what is scored, not of its
  // mean, so that a step does not depend on which batch a target stands in.
  Graph training;

  // The update from accumulated gradients by the mean over all that was scored; it clears the sums.
  // Null without accumulation. Inputs "lr", "step"; output "grad_norm" of the mean gradient.
  std::optional<Graph> apply;

  // What the auxiliary losses of blocks (train/graphs/step/balance.h) must know of all batches of
  // an update before the first makes gradients; null without accumulation or such losses. Inputs:
  // those of the model and "target"; its updates are sums that `training` reads and `apply` clears.
  std::optional<Graph> shares;

  // The estimate of the curvature on one batch, for an optimizer that wants it; else null. Inputs:
  // those of the model, "target" and "rng"; outputs "loss" [] against the targets that were drawn
  // and its "grad_norm" []. Its updates are states of the optimizer alone.
  std::optional<Graph> curvature;

  Graph evaluation;  // evaluation_graph, at the training batch
  Graph tidy;        // `training` after training_pipeline(), whose operations are counted
  StepCost cost;
};

// Made when it is first asked for and kept with the experiment, until forget_models; not for two
// threads at once. UserErrors when the model cannot be built or trained.
const Step& step_of(const Experiment& e);

// What the updates of a run cost: all the same, or, with `unfreeze:`, those of each phase.
class RunCost {
 public:
  // Of a run of `total` updates. UserErrors as of step_of.
  RunCost(const Experiment& e, int64_t total);

  double flops_after(int64_t updates) const;  // of the first so many

  // Its flops_per_step and products_per_step are means over the run.
  StepCost mean() const;

 private:
  struct Part {
    int64_t begin;  // updates before
    StepCost cost;
  };

  std::vector<Part> parts_;
  int64_t total_;
};

StepCost step_cost(const Experiment& e);  // the mean over a run of its length

// The updates of a run that costs about `flops`, at least 1.
int64_t steps_of_flops(const Experiment& e, double flops);

// The model without dropout, on running statistics. Inputs: those of the model and "target".
// Outputs: output_name() (of scored_head; not when the loss is taken in chunks), "loss" [] (mean
// over scored targets), "scored" [], and of classes "correct" [] and for `accuracy: macro`
// "class_counts" [3,classes], of sequences "edits", "symbols", "correct" and "sequences" []
// (ctc_errors).
Graph evaluation_graph(const Experiment& e, int64_t batch);

// Whether update `step`, 1 at the first, begins with an estimate of the curvature: every n-th from
// the first on, as Liu et al. 2023 do, and anew where something begins to learn.
bool estimates_curvature(const Experiment& e, int64_t step);
}  // namespace cambium
