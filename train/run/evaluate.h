// Evaluate: the metrics of a model on a split.
#pragma once
#include "graph/run/executor.h"
#include "train/run/metrics.h"
#include "train/spec/experiment.h"

namespace cambium {
// From [3,V] counts of right answers, targets and answers by class: the mean of right / targets
// over the classes that are asked for or answered; a class only answered counts as 0.
double macro_accuracy(std::span<const double> counts);

// Copies a batch into the inputs the plan has, unless they hold a batch of its version.
void feed(Executor& executor, const Batch& batch);

// Runs the plan of an evaluation_graph of `batch` examples over the split in index order, or over
// its first `most_batches` (0: all).
Metrics evaluate(Executor& executor, const Dataset& data, Split split, int64_t batch,
                 int64_t most_batches = 0);

// Whether what is asked on the test split has examples of its own: the data, or where that holds
// out nothing, a set of `evaluate:`.
bool has_test_part(const Experiment& e);

// The same of the experiment's data, if that has the split, and as parts of its evaluation sets:
// one that lacks a test part is asked by its validation part.
Metrics evaluate(Executor& executor, const Experiment& e, Split split, int64_t most_batches = 0);

// RuntimeError when a loss after this step is no number.
void require_finite(const Metrics& m, int64_t step);
}  // namespace cambium
