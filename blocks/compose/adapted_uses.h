// Adapted uses: where in a graph that blocks have made a weight, a block's result or a softmax over
// keys stands that an adapter (train/adapters) may take.
#pragma once
#include <functional>
#include <map>
#include <optional>

#include "blocks/block.h"

namespace cambium {
// One use of a weight W [in,out] that is a product x W, rows of W (x names them), or x W^T.
struct ProductUse {
  Value w, bias;                // bias: none where there is none
  std::function<Value()> base;  // the result as without an adapter
  bool transposed = false;      // x W^T
  bool rows = false;            // W[ids]
  // x M, or x M^T where W is transposed, with dropout on x and x times `scale` where given.
  std::function<Value(Value m, double dropout, Value scale)> apply;
};

// What a use of a softmax over keys has: q [B,T,H,D], k [B,S,G,D], v [B,S,G,E], o [B,T,H,E].
struct AttentionUse {
  Value q, k, v, o;
  double scale = 0;  // of scores; 0: 1 / sqrt(D)
};

// The use of input k of a node that is being copied into `out` with the inputs `in`, where that is
// a weight [in,out] of a plain product or a table that rows are looked up in. `dropout`: what
// zeroes parts of what an adapter hears.
std::optional<ProductUse> product_use(Graph& out, const Node& n, std::span<const Value> in,
                                      size_t k, std::function<Value(Value, double)> dropout);

// A softmax over keys: what it has, once it was copied with those inputs and answered `o`; none
// where the node is none.
std::optional<AttentionUse> attention_use(const Node& n, std::span<const Value> in, Value o);
bool is_attention(const Node& n);

// Of each block's path, the one value that leaves it, where there is one of rank 2 or more.
std::map<std::string, Port> results_of_blocks(const Graph& model,
                                              const std::map<std::string, const Block*>& blocks);

// The same graph with the input "rng" before everything else.
Graph with_rng_first(const Graph& model);
}  // namespace cambium
