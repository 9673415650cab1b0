// Windows that slide over rows or columns: where convolution and pooling place them.
#pragma once
#include <algorithm>
#include <string_view>

#include "core/error.h"

namespace cambium {
// One axis: `out` windows; window o covers o * stride - before + k * dilation for k in [0, kernel).
struct Window {
  int64_t extent = 0, kernel = 1, stride = 1, dilation = 1;
  int64_t out = 0, before = 0, after = 0;

  // Input position of tap k of window o; may lie outside [0, extent).
  int64_t at(int64_t o, int64_t k) const { return o * stride - before + k * dilation; }

  bool inside(int64_t position) const { return position >= 0 && position < extent; }
};

// `pad` >= 0: that many on both sides. Else "valid": none; "ceil": none but behind the last window,
// which may stand over the edge and begins inside (PyTorch's ceil_mode); or "same": ceil(extent /
// stride) windows, an odd kernel centred as with pad = (kernel - 1) / 2. UserError when no window
// fits.
inline Window place_window(int64_t extent, int64_t kernel, int64_t stride, int64_t dilation,
                           std::string_view padding, int64_t pad) {
  const int64_t covered = (kernel - 1) * dilation + 1;
  Window w{.extent = extent, .kernel = kernel, .stride = stride, .dilation = dilation};
  if (pad >= 0) {
    w.before = w.after = pad;
  } else if (padding == "same") {
    const int64_t out = (extent + stride - 1) / stride;
    const int64_t total = std::max<int64_t>((out - 1) * stride + covered - extent, 0);
    w.before = std::min((covered - 1) / 2, total);
    w.after = total - w.before;
    w.out = out;
    return w;
  }
  if (padding == "ceil" && pad < 0 && extent > 0) {
    const int64_t beyond = std::max<int64_t>(extent - covered, 0) + stride - 1;
    w.out = std::min(beyond / stride, (extent - 1) / stride) + 1;
    w.after = std::max<int64_t>((w.out - 1) * stride + covered - extent, 0);
    return w;
  }
  const int64_t room = extent + w.before + w.after - covered;
  require(room >= 0, "a kernel that covers ", covered, " does not fit into extent ", extent,
          " with padding ", w.before);
  w.out = room / stride + 1;
  return w;
}
}  // namespace cambium
