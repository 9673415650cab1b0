// The cost of operators whose every result is a sum of products: docs/flops.md.
#pragma once
#include "ops/support/pointwise.h"

namespace cambium {
// Of each element of the result: `products` FLOPs in products and `rest` beside them.
inline Cost product_cost(const Call& c, double products, double rest = 0) {
  Cost cost = operand_cost(c, products + rest);
  cost.products = products * double(c.out_shape().count());
  return cost;
}
}  // namespace cambium
