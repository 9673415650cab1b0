// Slices table: what each variant loses on each slice of the held-out data.
#pragma once
#include "search/results/slice_losses.h"

namespace cambium {
// A line a slice, with the paired difference to the baseline; empty without slices.
std::string slices_table(const StudyFolder& study);

Json slices_json(const StudyFolder& study);  // an object a slice, by variant
}  // namespace cambium
