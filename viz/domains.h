// The domain of each forward value (grid, tokens, graph, vector), read off operators and shapes.
#pragma once
#include <vector>

#include "blocks/stream.h"
#include "viz/palette.h"

namespace cambium {
// One domain a node; for leaves that are not data (parameters, constants) kVector.
std::vector<Domain> domains_of(const Graph& g);

Tint tint_of(Domain d);
bool is_reorder(std::string_view op);  // moves data without computing

// What a crossing does: "28x28 grid -> 49 tokens".
std::string crossing_text(Domain from, const Shape& in, Domain to, const Shape& out);
}  // namespace cambium
