// What pool2d and pool2d_grad share: attributes and sizes.
#pragma once
#include "graph/op.h"
#include "ops/conv/support/window.h"

namespace cambium {
struct Pool {
  std::string kind = "max", padding = "valid";
  int64_t kernel = 2, stride = 0, pad = -1;
  static constexpr auto fields = std::tuple{
      field("kind", &Pool::kind, "what a window becomes").one_of("max|avg"),
      field("kernel", &Pool::kernel, "rows and columns of a window").in(1),
      field("stride", &Pool::stride, "step of the window; 0: the kernel").in(0),
      field("padding", &Pool::padding,
            "same: ceil(extent / stride) windows; valid: none; ceil: behind the last window alone")
          .one_of("same|valid|ceil"),
      field("pad", &Pool::pad, "pixels on every side instead; -1: by `padding`").in(-1)};
};

struct PoolSizes {
  int64_t B, C;
  Window y, x;
  bool average;

  Shape output_shape() const { return {B, y.out, x.out, C}; }

  int64_t input(int64_t b, int64_t row, int64_t column) const {
    return ((b * y.extent + row) * x.extent + column) * C;
  }

  int64_t output(int64_t b, int64_t row, int64_t column) const {
    return ((b * y.out + row) * x.out + column) * C;
  }
};

// UserError unless x is [B,Y,X,C] and every window holds a pixel.
PoolSizes pool_sizes(const Pool& a, const Shape& x);

// The pixels of one window that lie inside the image: rows [y0, y1), columns [x0, x1).
struct PoolWindow {
  int64_t y0, y1, x0, x1;

  int64_t count() const { return (y1 - y0) * (x1 - x0); }
};

PoolWindow pool_window(const PoolSizes& z, int64_t row, int64_t column);
}  // namespace cambium
