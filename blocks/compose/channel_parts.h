// Channels: of which parts the axes of a model's weights are made. A product whose result is cut
// into pieces, and one that hears several streams side by side, grow piece by piece.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace cambium {
using Parts = std::vector<int64_t>;  // extents, one after another along an axis

// The parts of every axis of each parameter and state, by name.
std::map<std::string, std::vector<Parts>> channel_parts(const Graph& model);
}  // namespace cambium
