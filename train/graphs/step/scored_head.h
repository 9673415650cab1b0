// Scored head: the last layer of a model, computed only where a target is scored.
#pragma once
#include "train/spec/loss.h"

namespace cambium {
// The output of a model's graph that says which of its frames are real, f32 [B,T] or what reshapes
// to it; of sequences in padded data alone.
inline constexpr std::string_view kRealFrames = "real_frames";

// The product that ends a model, logits = rows weights (transposed: its transpose) + bias.
struct Head {
  Value rows, weights;
  Value bias = {};  // none where there is none
  bool transposed = false;
};

struct Scored : LossInputs {
  std::optional<Head> head = {};  // where the model ends in a `linear` block without activation
};

// The model's output and the target as they are; or, when the data bounds how many targets of a
// batch are scored to at most half, the vocabulary is large and the model ends in a `linear` block,
// that layer once more on the scored rows: logits [most,V], target [most]. A loss is the same mean;
// the old layer is left for dead. Needs the input "target"; takes the output kRealFrames as mask.
Scored scored_head(Graph& g, const DataShape& data);
}  // namespace cambium
