// Settle: what a `train:` section means for the targets of its data.
#pragma once
#include "train/experiment.h"

namespace cambium {
// Where the spec says this option of `train:`; nowhere when it does not.
Mark mark_of_option(const Experiment& e, std::string_view key);

// Chooses the loss where the spec does not, and reports options that the data's targets cannot
// have: a loss of the other kind, class weights of values, a metric or a split that is not there.
void settle_targets(Experiment& e, Diagnostics& errors);
}  // namespace cambium
