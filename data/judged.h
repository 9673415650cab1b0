// Judged: what a data set judges models by, so that two that are judged by different things are not
// compared.
#pragma once
#include "data/dataset.h"

namespace cambium {
// A hash of the held-out examples' answers: of text the first hundred bytes or so of each part,
// however it is cut and numbered, of other data how many there are and the targets of a few. What
// models hear (sizes of pictures, lengths of windows) may differ; what they are asked may not.
uint64_t judged_by(const Dataset& data);
}  // namespace cambium
