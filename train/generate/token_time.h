// Token time: what one more symbol of one sequence takes a model that keeps a state.
#pragma once
#include "train/spec/experiment.h"

namespace cambium {
// Milliseconds a symbol, of which each costs one token's work: the mean over a whole context, of
// which the fastest of those that fit into about `seconds`, and of at least three, is taken, since
// other work on the machine only adds. Weights are as before training: they change no time. None
// for a model that keeps no state or needs the whole sequence again for each symbol, and for
// decoders of an encoder.
std::optional<double> token_ms(const Experiment& e, double seconds);
}  // namespace cambium
