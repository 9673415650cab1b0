// The ends of a model: which of its products hear the data first, and which answer.
#pragma once
#include <span>

#include "graph/graph.h"

namespace cambium {
// Of the parameters that are kMatrix, makes kInput those whose products all hear `data` before any
// other product or embedding has, and kOutput those whose results all reach `out` without another.
// One that does both, as in a model of one linear layer, is kOutput.
void settle_ends(Graph& graph, std::span<const Value> data, Value out);
}  // namespace cambium
