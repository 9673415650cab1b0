// Products in bf16: operands are rounded, sums are in f32, and so is everything else.
#pragma once
#include "core/bf16.h"
#include "graph/op.h"

namespace cambium {
struct Cast {
  std::string to = "bf16";
  static constexpr auto fields =
      std::tuple{field("to", &Cast::to, "precision of the result").one_of("f32|bf16")};
};

// Whether a reader is a cast to bf16, which an op that can write bf16 itself takes in.
bool is_narrowing(std::string_view reader, const Attrs& reader_attrs);

// Whether oneDNN multiplies bf16 operands on this machine (it needs AVX-512).
bool has_bf16_products();

// UserError unless the two operands of a product are both f32 or both bf16.
void require_product(const Call& c, int a, int b);

// The graph with every product (linear, matmul, conv2d and their gradients) in bf16: its operands
// are cast, its result stays f32, and the gradient of a bias is summed from the f32 gradient. A
// value that several products use is cast once, after share_common.
Graph place_casts(const Graph& g);
}  // namespace cambium
