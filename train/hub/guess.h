// Guess: which family a spec of ours might be, and with what variables, by laying it beside the
// family's own spec, block by block. Whether it is right is for same_weights() to say.
#pragma once
#include "train/hub/config_values.h"
#include "train/spec/experiment.h"

namespace cambium {
// UserError that says, with the place, which block has no place in the family.
// `matched`: how many blocks had one.
HubValues guess_values(const Family& family, const HeadVariant* variant, const Experiment& e,
                       size_t& matched);
}  // namespace cambium
