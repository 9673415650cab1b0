// Notes: what a spec says that is legal, and that its run cannot do.
#pragma once
#include "train/spec/experiment.h"

namespace cambium {
// Shrinks a batch and an `accumulate` beyond the training examples to what there is.
void fit_batch(Experiment& e);

// Adds to e.notes what the options of `train:` cannot do in a run of this length on this data, and
// what batch norm cannot do on this batch; to `errors` a batch norm over one row, which gives 0
// whatever it gets. `training` is model_graph of the batch.
void note_what_cannot_be(Experiment& e, const Graph& training, Diagnostics& errors);

// Evaluations on validation data in the whole run; 0 without such a split.
int64_t evaluations(const Experiment& e);

// "my.yaml:6:20: the warm-up ...; use a shorter one", as the log of a run shows a note.
std::string one_line(const Error& note);
}  // namespace cambium
