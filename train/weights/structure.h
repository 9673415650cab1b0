// Structure: which tensor of a source stands for which of a model when names do not say it.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/tensor/shape.h"

namespace cambium {
using Types = std::map<std::string, ValueType>;

// Pairs (of the source, of the model) of equal types that can be meant in one way alone, tried in
// this order until nothing is found any more:
//   1. those with the same last two parts of their names (k.weight), 2. the same role (weight,
//   gamma and table are one, bias and beta), 3. any: one tensor on each side, or on each side
//   copies whose names differ in one number, as many here as there, which pair in its order.
// Of any role alone one of each side pairs, and not a weight with a bias or a statistic.
std::vector<std::pair<std::string, std::string>> match_by_structure(Types source, Types model);
}  // namespace cambium
