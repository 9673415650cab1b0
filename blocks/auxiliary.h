// Auxiliary losses: what a block adds to the loss that is trained on, beside the targets'. Training
// sums them; the loss that is reported stays that of the targets, so that models can be compared.
#pragma once
#include "blocks/block.h"

namespace cambium {
inline constexpr std::string_view kAuxiliaryLoss = "auxiliary_loss";
inline constexpr std::string_view kBalanceShare = "balance_share";  // follow it in this order
inline constexpr std::string_view kBalanceTokens = "balance_tokens";

// `loss` f32 [] is a mean over the batch's `tokens` f32 [] and linear in `share`, another one,
// which has no gradient; an update of several batches puts the share of all its tokens in its
// place. Only for a builder that is training.
inline void add_auxiliary_loss(Builder& b, Value loss, Value share, Value tokens) {
  ensure(b.training && loss.shape().rank() == 0 && tokens.shape().rank() == 0, "an auxiliary loss ",
         loss.shape(), " over tokens ", tokens.shape());
  b.graph.outputs.push_back({std::string(kAuxiliaryLoss), port_of(loss)});
  b.graph.outputs.push_back({std::string(kBalanceShare), port_of(share)});
  b.graph.outputs.push_back({std::string(kBalanceTokens), port_of(tokens)});
}
}  // namespace cambium
