// pool2d: the maximum or mean of each window of a grid. [B,Y,X,C] -> [B,Y',X',C]
#include "blocks/layers.h"

namespace cambium {
namespace {
struct Pool2d {
  std::string kind = "max", padding = "valid";
  int64_t kernel = 2, stride = 0;
  static constexpr auto fields = std::tuple{
      field("kind", &Pool2d::kind, "what a window becomes").one_of("max|avg"),
      field("kernel", &Pool2d::kernel, "rows and columns of the window").in(1, 64),
      field("stride", &Pool2d::stride, "step of the window; 0: the kernel").in(0, 64),
      field("padding", &Pool2d::padding, "same: ceil(Y / stride) rows leave; valid: no padding")
          .one_of("same|valid")};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Pool2d>();
  for (int axis = 1; axis < 3 && a.padding == "valid"; ++axis)
    require(a.kernel <= s.shape()[axis], "kernel = ", a.kernel, " is larger than the grid's ",
            s.shape()[axis], axis == 1 ? " rows" : " columns");
  s.x = b.emit("pool2d", {s.x},
               {{"kind", a.kind},
                {"kernel", a.kernel},
                {"stride", a.stride ? a.stride : a.kernel},
                {"padding", a.padding}});
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
        {"pool2d: {kind: avg, kernel: 3, stride: 2, padding: same}", Domain::kGrid, {1, 5, 4, 2}}}};
}  // namespace cambium
