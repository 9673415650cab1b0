// Attributes of linear and matmul, for the passes that choose their precision.
#pragma once
#include "ops/pointwise/support/activation.h"

namespace cambium {
struct Linear {
  std::string activation = "none";
  std::string to = "f32";
  static constexpr auto fields = std::tuple{
      field("activation", &Linear::activation, "applied to xW + b + inner, before the residual is added")
          .one_of(kFusedActivations),
      field("to", &Linear::to, "type of y").one_of("f32|bf16")};
};

struct Matmul {
  bool transpose_a = false, transpose_b = false;
  std::string to = "f32";
  static constexpr auto fields =
      std::tuple{field("transpose_a", &Matmul::transpose_a, "use a with its last axes swapped"),
                 field("transpose_b", &Matmul::transpose_b, "use b with its last axes swapped"),
                 field("to", &Matmul::to, "type of y").one_of("f32|bf16")};
};

// Whether linear can write this use's result in bf16: what follows the product in a pass of its own
// works on f32.
inline bool linear_writes_bf16(const Linear& a, bool sums) {
  return !sums && (a.activation == "none" || is_post_op(a.activation));
}
}  // namespace cambium
