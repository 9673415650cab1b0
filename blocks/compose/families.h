// Families: what kinds of blocks a model is made of, from the blocks themselves.
#pragma once
#include "blocks/block.h"

namespace cambium {
// The block that emitted each node, found by the place in the spec that the node's scope remembers;
// null for inputs and for what no block of `root` emitted. `root` is the spec the graph was built
// from: every list of blocks in it counts.
std::vector<const Block*> blocks_of(const Graph& g, const Yaml& root);

// Whether a block lets places (tokens, cells, nodes) hear one another and stays in its domain: a
// block that takes a single vector too, such as ffn or norm, does not, nor do structure and
// adapters.
bool mixes_places(const Block& b);

// The families of the blocks that mix places, in the order of the graph: "conv + transformer";
// "dense" when there are none.
std::string families_text(const Graph& g, const Yaml& root);
}  // namespace cambium
