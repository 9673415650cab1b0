#include "ops/conv/support/pool.h"

namespace cambium {
PoolSizes pool_sizes(const Pool& a, const Shape& x) {
  require(x.rank() == 4, "x must be [B,Y,X,C], got ", x);
  require(a.pad < a.kernel, "pad = ", a.pad, " must be below kernel = ", a.kernel,
          ": a window would hold nothing but padding");
  const int64_t stride = a.stride > 0 ? a.stride : a.kernel;
  return {.B = x[0],
          .C = x[3],
          .y = place_window(x[1], a.kernel, stride, 1, a.padding, a.pad),
          .x = place_window(x[2], a.kernel, stride, 1, a.padding, a.pad),
          .average = a.kind == "avg"};
}

PoolWindow pool_window(const PoolSizes& z, int64_t row, int64_t column) {
  const int64_t y = z.y.at(row, 0), x = z.x.at(column, 0);
  return {std::max<int64_t>(y, 0), std::min(y + z.y.kernel, z.y.extent), std::max<int64_t>(x, 0),
          std::min(x + z.x.kernel, z.x.extent)};
}
}  // namespace cambium
