// What upsample and upsample_grad share: from which pixels a pixel of the larger grid comes.
#pragma once
#include <algorithm>

#include "graph/graph.h"

namespace cambium {
struct Upsample {
  int64_t factor = 2;
  std::string kind = "nearest";
  static constexpr auto fields =
      std::tuple{field("factor", &Upsample::factor, "rows and columns for each one").in(1, 64),
                 field("kind", &Upsample::kind, "the nearest pixel, or four weighed by distance")
                     .one_of("nearest|bilinear")};
};

// Output pixel i of one axis is (1 - part) x[low] + part x[high]. Pixel centres lie at i + 1/2, and
// beyond the outer centres the border goes on (PyTorch's align_corners=False).
struct Blend {
  int64_t low, high;
  double part;
};

inline Blend blend_of(const Upsample& a, int64_t i, int64_t extent) {
  if (a.kind == "nearest") return {i / a.factor, i / a.factor, 0};
  const double at = std::max(0.0, (double(i) + 0.5) / double(a.factor) - 0.5);
  const auto low = int64_t(at);
  const double part = at - double(low);  // a pixel without weight is not looked at
  return {low, part > 0 ? std::min(low + 1, extent - 1) : low, part};
}

// All blends of an axis that is `extent` long before.
inline std::vector<Blend> blends_of(const Upsample& a, int64_t extent) {
  std::vector<Blend> all;
  for (int64_t i = 0; i < extent * a.factor; ++i) all.push_back(blend_of(a, i, extent));
  return all;
}
}  // namespace cambium
