// Frozen: parts of a model that run in training as they do in evaluation.
#pragma once
#include <functional>

#include "graph/graph.h"

namespace cambium {
// Whether what stands at a path, such as "stem.norm", is to run so.
using AtPath = std::function<bool(const std::string& path)>;

// The training graph with the batch norms of those places on their running statistics, which no
// longer move, and their dropout and drop_path handing on what they get. Everything that is emitted
// has a gradient, so that what stands before can learn. Dropout inside attention (an option of its
// operator) and of gat's edges stays.
Graph settle_frozen(const Graph& model, const AtPath& frozen);
}  // namespace cambium
