// Cost: floating-point operations, bytes moved and parameters, per node and summed over scopes.
// What is counted is what the mathematics needs, not what a kernel computes again: docs/flops.md.
#pragma once
#include <map>

#include "graph/graph.h"

namespace cambium {
Cost cost_of(const Graph& g, int id);  // zero for leaves and views

struct ScopeCost {
  double forward_flops = 0, backward_flops = 0, update_flops = 0, bytes = 0;
  int64_t parameters = 0;        // elements; a shared tensor counts where it was first made
  int64_t activation_bytes = 0;  // outputs of forward ops
  double products = 0,
         forward_products = 0;  // the part of flops() and forward_flops: Cost::products

  double flops() const { return forward_flops + backward_flops + update_flops; }

  ScopeCost& operator+=(const ScopeCost& o);
};

// Totals for every prefix of the node paths: "", "stage1", "stage1.3", "stage1.3.attn" ...
std::map<std::string, ScopeCost> cost_by_scope(const Graph& g);
ScopeCost total_cost(const Graph& g);
}  // namespace cambium
