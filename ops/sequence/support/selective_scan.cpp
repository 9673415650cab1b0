#include "ops/sequence/support/selective_scan.h"

#include <cmath>

namespace cambium {
using namespace selective;

SelectiveSizes selective_sizes(const Call& c) {
  const Shape& x = c.shape(kX);
  return {.B = x[0],
          .T = x[1],
          .C = x[2],
          .N = c.shape(kA)[1],
          .softplus = c.as<SelectiveScan>().softplus,
          .skip = c.has(kD)};
}

void check_selective_scan(const Call& c) {
  const int ranks[] = {3, 3, 2, 3, 3, 1};
  for (int i = kX; i <= kD; ++i)
    require((i == kD && !c.has(i)) ||
                (c.has(i) && c.dtype(i) == DType::kF32 && c.shape(i).rank() == ranks[i]),
            "input ", i, " must be f32 of rank ", ranks[i], ", got ",
            c.has(i) ? c.in[size_t(i)].type().text() : "none");
  const Shape &x = c.shape(kX), &a = c.shape(kA);
  const Shape by_step{x[0], x[1], a[1]};
  require(c.shape(kDt) == x, "dt ", c.shape(kDt), " and x ", x, " must have the same shape");
  require(a[0] == x[2], "A ", a, " must have a row for each of the ", x[2], " channels");
  require(c.shape(kB) == by_step && c.shape(kC) == by_step, "B ", c.shape(kB), " and C ",
          c.shape(kC), " must be ", by_step);
  require(!c.has(kD) || c.shape(kD)[0] == x[2], "D must have one number for each of the ", x[2],
          " channels");
}

double softplus_of(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}
}  // namespace cambium
