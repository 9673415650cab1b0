// Scored head: the last layer of a model, computed only where a target is scored.
#pragma once
#include "data/dataset.h"

namespace cambium {
struct Scored {
  Value logits, target;
};

// The model's output and the target as they are; or, when the data bounds how many targets of a
// batch are scored to at most half, the vocabulary is large and the model ends in a `linear` block,
// that layer once more on the scored rows: logits [most,V], target [most]. A loss is the same mean;
// the old layer is left for dead. Needs the input "target".
Scored scored_head(Graph& g, const DataShape& data);
}  // namespace cambium
