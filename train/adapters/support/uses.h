// Uses: where in a graph a weight, a block's result or a softmax stands that an adapter may take.
#pragma once
#include <map>
#include <optional>

#include "blocks/block.h"
#include "train/adapters/method.h"

namespace cambium {
// The use of input k of a node that is being copied into `out` with the inputs `in`, where that is
// a weight [in,out] of a plain product or a table that rows are looked up in.
std::optional<ProductUse> product_use(Graph& out, const Node& n, std::span<const Value> in,
                                      size_t k, AdapterSite& site);

bool is_attention(const Node& n);  // a softmax over keys

// Of each block's path, the one value that leaves it, where there is one of rank 2 or more.
std::map<std::string, Port> results_of_blocks(const Graph& model,
                                              const std::map<std::string, const Block*>& blocks);

// The same graph with the input "rng" before everything else.
Graph with_rng_first(const Graph& model);
}  // namespace cambium
