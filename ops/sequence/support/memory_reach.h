// Reach of a memory that is written token by token and read by a query [B,T,...], input 0, at each.
#pragma once
#include "ops/support/reach.h"

namespace cambium {
// Outputs [B,T,...] hear what was written up to their place, and the query at it.
inline void reach_memory(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  std::vector<Reach> written(in.begin(), in.end());
  written[0] = Reach(in[0].shape);
  reach_in_order(c, written, out, false);
  for (Reach& y : out) {
    Shape query = y.shape;
    for (int axis : axes_after(query, 2)) query.set(axis, 1);
    y = joined(y, reduced(in[0], axes_after(in[0].shape, 2), query), y.shape);
  }
}
}  // namespace cambium
