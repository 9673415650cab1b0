// Slice scores table: what models lose on slices, as people read it.
#pragma once
#include "train/slices/slice_scores.h"

namespace cambium {
std::string scores_table(const std::vector<SliceScores>& scores);  // a table for each key

// "verse loses .12 [.10, .14] bits a byte more": of each key whose slices differ.
std::string differences_table(const std::vector<SliceDifferences>& differences);
}  // namespace cambium
