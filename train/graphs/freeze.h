// Freeze: parameters that the patterns of `freeze:` meet never move. No gradient is made for them,
// so they have no moments, no decay and no average, and nothing is kept for their sake. Blocks all
// of whose parameters are frozen run as in evaluation (blocks/frozen.h).
#pragma once
#include "blocks/frozen.h"
#include "train/spec/experiment.h"

namespace cambium {
// The model's graph with those parameters marked; the graph itself without a section `freeze`.
Graph with_frozen(const Experiment& e, Graph model);

// The blocks that run as in evaluation: of a model after with_frozen, and before it has adapters.
StillParts still_parts(const Experiment& e, const Graph& model);

// UserErrors: a section that is no list of names, a pattern that meets no parameter of the model,
// and patterns that leave nothing to train.
void check_freeze(const Experiment& e, const Graph& model, Diagnostics& errors);

struct FrozenShare {
  int64_t frozen = 0, parameters = 0;  // numbers in them
  int64_t tensors = 0;                 // that are frozen, by `freeze:` and beside blocks
};

FrozenShare frozen_share(const Graph& model);
}  // namespace cambium
