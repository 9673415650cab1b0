// Cheap operators: computing one again costs about a pass over its values.
#pragma once
#include "graph/graph.h"

namespace cambium {
// Pointwise operators, norms, softmax, casts, lookups and copies. No products, no attention,
// nothing that gathers over edges.
bool is_cheap(const Node& n);

std::span<const std::string_view> cheap_ops();
}  // namespace cambium
