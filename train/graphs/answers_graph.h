// Answers graph: a model's scores of every target, for who wants more than their mean loss.
#pragma once
#include "train/spec/experiment.h"

namespace cambium {
// Inputs: those of the model; one output, output_name(), [batch, ..., classes].
Graph answers_graph(const Experiment& e, int64_t batch);

// The same on data of another shape than the dataset's, such as other lengths.
Graph answers_graph_of(const Experiment& e, const DataShape& shape);

// A batch of at most the training's whose answers take 64 MB or less, 1 at least.
int64_t answers_batch(const Experiment& e);
}  // namespace cambium
