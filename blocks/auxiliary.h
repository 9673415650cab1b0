// Auxiliary losses: what a block adds to the loss that is trained on, beside the targets'. Training
// sums them; the loss that is reported stays that of the targets, so that models can be compared.
#pragma once
#include "blocks/block.h"

namespace cambium {
inline constexpr std::string_view kAuxiliaryLoss = "auxiliary_loss";

// `loss` is one number. Only for a builder that is training.
inline void add_auxiliary_loss(Builder& b, Value loss) {
  ensure(b.training && loss.shape().count() == 1, "an auxiliary loss ", loss.shape());
  b.graph.outputs.push_back({std::string(kAuxiliaryLoss), port_of(loss)});
}
}  // namespace cambium
