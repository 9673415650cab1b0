// Tuning table: what was chosen for each variant and by how much effort.
#pragma once
#include "search/tune/tuning.h"

namespace cambium {
std::string point_text(const Json& point);  // "lr 0.003, heads 4": the last words of its paths

// With the same effort in words, and advice where a best value lies at an end of its range.
std::string tuning_table(const Tuning& t);
}  // namespace cambium
