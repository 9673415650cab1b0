// What weighted_rows and its gradient share.
#pragma once
#include "graph/graph.h"
#include "ops/support/shapes.h"

namespace cambium {
// UserError unless the first inputs are x [R,C], weight [N,K] and slot i32 [N,K].
inline void check_weighted_rows(const Call& c) {
  require_f32(c, 0);
  require_f32(c, 1);
  require(c.shape(0).rank() == 2, "x must be [R,C], got ", c.shape(0));
  require(c.shape(1).rank() == 2, "weight must be [N,K], got ", c.shape(1));
  require(c.in[2].type() == ValueType{DType::kI32, c.shape(1)}, "slot must be i32 ", c.shape(1),
          " like weight, got ", c.in[2].type());
}
}  // namespace cambium
