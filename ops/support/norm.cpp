#include "ops/support/norm.h"

namespace cambium {
void require_norm_inputs(const Call& c, int x, std::span<const int> parameters) {
  require_f32(c, x);
  require(c.shape(x).rank() >= 1, "a norm needs an axis of channels, got a scalar");
  for (int p : parameters) {
    require_f32(c, p);
    require(c.shape(p) == Shape{c.shape(x).last()}, "input ", p, " is ", c.shape(p), ", x is ",
            c.shape(x), " with ", c.shape(x).last(), " channels");
  }
}

void require_row_statistics(const Call& c, int x, std::span<const int> statistics) {
  for (int s : statistics) {
    require_f32(c, s);
    require(c.shape(s) == row_shape(c.shape(x)), "input ", s, " is ", c.shape(s),
            ", one number a row of ", c.shape(x), " is ", row_shape(c.shape(x)));
  }
}
}  // namespace cambium
