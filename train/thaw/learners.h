// Learners: the parameters that training moves at one time or another.
#pragma once
#include "train/spec/experiment.h"

namespace cambium {
// Those that are not frozen, and those that `unfreeze:` names, in the order of the model. They live
// as long as what is kept with the experiment (forget_models).
std::vector<const Node*> learners_of(const Experiment& e, int64_t batch);

std::vector<std::string> names_of_learners(const Experiment& e, int64_t batch);
}  // namespace cambium
