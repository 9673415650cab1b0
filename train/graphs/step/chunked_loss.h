// Chunked loss: cross-entropy without all logits at once, for large vocabularies and long batches.
#pragma once
#include "train/graphs/step/scored_head.h"
#include "train/spec/experiment.h"

namespace cambium {
struct ChunkedLoss {
  LossValues values;
  Value correct;  // f32 []: scored rows whose largest logit is the target
};

// How many rows are scored at a time, by train.loss_rows or, where it leaves that open, when the
// logits would take more than 64 MiB; 0: all of them, held in memory. UserError when rows are asked
// for and the loss, the accuracy or the end of the model does not allow it.
int64_t loss_rows(const Experiment& e, const Scored& s);

// `more` as for Loss::emit; with `gradients` for training, without for evaluation.
ChunkedLoss emit_chunked_loss(const Scored& s, int64_t rows, Args more, bool gradients);
}  // namespace cambium
