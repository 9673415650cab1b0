// Settle: what a `train:` section means for the targets of its data.
#pragma once
#include "train/spec/experiment.h"

namespace cambium {
// Where the spec says this option of `train:`; nowhere when it does not.
Mark mark_of_option(const Experiment& e, std::string_view key);

// Where it says an option of `train.optimizer` or another choice; else `otherwise`.
Mark mark_within(const Experiment& e, std::string_view choice, std::string_view option,
                 const Mark& otherwise);

// Chooses the loss where the spec does not, and reports options that the data's targets cannot
// have: a loss of the other kind, class weights of values, a metric or a split that is not there;
// and a lowest rate above the peak.
void settle_targets(Experiment& e, Diagnostics& errors);
}  // namespace cambium
