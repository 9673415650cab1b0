// pool2d: the maximum or mean of each window of a grid. [B,Y,X,C] -> [B,Y',X',C]
// Of padded data only real places count; a window with "same" is real when its first place is.
#include "blocks/padding.h"

namespace cambium::block_pool2d {
namespace {
struct Pool2d {
  std::string kind = "max", padding = "valid";
  int64_t kernel = 2, stride = 0;
  static constexpr auto fields = std::tuple{
      field("kind", &Pool2d::kind, "what a window becomes").one_of("max|avg"),
      field("kernel", &Pool2d::kernel, "rows and columns of the window").in(1, 64),
      field("stride", &Pool2d::stride, "step of the window; 0: the kernel").in(0, 64),
      field("padding", &Pool2d::padding,
            "same: ceil(Y / stride) rows leave; valid: no padding; ceil: as valid, but the last "
            "window may stand over the edge")
          .one_of("same|valid|ceil")};
};

Value pool(Builder& b, const Pool2d& a, Value x) {
  return b.emit("pool2d", {x},
                {{"kind", a.kind},
                 {"kernel", a.kernel},
                 {"stride", a.stride ? a.stride : a.kernel},
                 {"padding", a.padding}});
}

// Of real places; 0 where `windows`, the mask of the result, is.
Value pool_real(Builder& b, const Pool2d& a, const PaddedGrid& g, Value windows) {
  if (a.kind == "max") return b.emit("mul", {pool(b, a, pushed_out(b, g.x, g.mask)), windows});
  const Value sum = pool(b, a, b.emit("mul", {g.x, g.mask}));  // shares of whole windows
  const Value least = b.graph.scalar(0.5 / double(a.kernel * a.kernel));
  const Value real = b.emit("maximum", {pool(b, a, g.mask), least});
  return b.emit("mul", {b.emit("div", {sum, real}), windows});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Pool2d>();
  for (int axis = 1; axis < 3 && a.padding == "valid"; ++axis)
    require_option("kernel", a.kernel <= s.shape()[axis], "kernel = ", a.kernel,
                   " is larger than the grid's ", s.shape()[axis],
                   axis == 1 ? " rows" : " columns");
  if (a.padding == "ceil")
    refuse_padding(s, "where a window that stands over the edge ends is not known",
                   "use padding: same or valid");
  const Windows w{a.kernel, a.kernel, a.stride ? a.stride : a.kernel, 1, a.padding};
  const PaddedGrid g = whole_strides(b, as_grid(b, s), w);
  const Value windows = g.mask ? mask_of_windows(b, g.mask, w) : Value{};
  s.x = windows ? pool_real(b, a, g, windows) : pool(b, a, g.x);
  s.mask = flat_mask(b, windows);
  return s;
}
}  // namespace

extern const Block block_pool2d = {
    .name = "pool2d",
    .family = "conv",
    .doc = "Shrinks a grid by taking the maximum or mean of windows",
    .formula = "y = max or mean of each window",
    .paper = "LeCun et al. 1998",
    .attrs = fields_of<Pool2d>,
    .primary = "kind",
    .accepts = {Domain::kGrid},
    .build = build,
    .samples = {
        {"pool2d: max", Domain::kGrid, {2, 4, 5, 3}},
        {"pool2d: {kind: max, kernel: 3, stride: 2, padding: ceil}", Domain::kGrid, {1, 6, 4, 3}},
        {"pool2d: {kind: avg, kernel: 3, stride: 2, padding: same}", Domain::kGrid, {1, 5, 4, 2}}}};
}  // namespace cambium::block_pool2d
