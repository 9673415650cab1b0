// Chunked head: what linear_cross_entropy and its kernel share.
#pragma once
#include "ops/loss/support/cross_entropy.h"
#include "ops/support/dnnl.h"

namespace cambium {
struct LinearCrossEntropy : CrossEntropyAttrs {
  bool transpose = false, gradients = false;
  int64_t chunk = 256;
  static constexpr auto fields = std::tuple_cat(
      CrossEntropyAttrs::fields,
      std::tuple{field("transpose", &LinearCrossEntropy::transpose, "the weights are [V,K]"),
                 field("gradients", &LinearCrossEntropy::gradients,
                       "also answer the gradients of the loss"),
                 field("chunk", &LinearCrossEntropy::chunk, "rows worked on at a time").in(1)});
};

namespace chunked_head {
enum Input { kX, kW, kTarget, kBias };

enum Output { kLoss, kScored, kCorrect, kDx, kDw, kDb };

struct Sizes {
  int64_t rows, depth, classes;

  explicit Sizes(const Call& c)
      : rows(c.shape(kX).rows()),
        depth(c.shape(kX).last()),
        classes(c.shape(kW)[c.as<LinearCrossEntropy>().transpose ? 0 : 1]) {}
};
}  // namespace chunked_head

// For at least one row.
Kernel chunked_head_kernel(const Call& c, Engine& e);
}  // namespace cambium
