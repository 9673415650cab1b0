// The domain of each forward value (grid, tokens, graph, vector), read off shapes, operators and
// the blocks that emitted them.
#pragma once
#include <vector>

#include "blocks/compose/families.h"
#include "viz/plot/palette.h"

namespace cambium {
// One domain a node; for leaves that are not data (parameters, constants) kVector. `blocks` as
// blocks_of() gives them, or empty: a block of tokens stays among tokens even where it uses a
// convolution over a grid of one column.
std::vector<Domain> domains_of(const Graph& g, const std::vector<const Block*>& blocks = {});

Tint tint_of(Domain d);

// What a crossing does: "28x28 grid -> 49 tokens".
std::string crossing_text(Domain from, const Shape& in, Domain to, const Shape& out);
}  // namespace cambium
