// Products in bf16: operands are rounded, sums are in f32, and so is everything else.
#pragma once
#include "core/tensor/bf16.h"
#include "graph/op.h"

namespace cambium {
struct Cast {
  std::string to = "bf16";
  static constexpr auto fields =
      std::tuple{field("to", &Cast::to, "precision of the result").one_of("f32|bf16")};
};

// The type that an attribute `to` names.
inline DType precision_of(std::string_view to) {
  return to == "bf16" ? DType::kBf16 : DType::kF32;
}

// Whether a reader is a cast to bf16, which an op that can write bf16 itself takes in.
bool is_narrowing(std::string_view reader, const Attrs& reader_attrs);

// Whether oneDNN multiplies bf16 operands on this machine (it needs AVX-512).
bool has_bf16_products();

// References: what a result in bf16 keeps.
inline void round_to_bf16(Ref& x) {
  for (double& v : x.data) v = from_bf16(to_bf16(float(v)));
}

// UserError when a result is to be bf16 and the operand is not.
void require_result(const Call& c, std::string_view to, int operand);

// UserError unless the two operands of a product are both f32 or both bf16.
void require_product(const Call& c, int a, int b);

// The graph with every product (linear, grouped_linear, matmul, conv2d and their gradients) in
// bf16: its operands are cast, its result stays f32, and the gradient of a bias is summed from the
// f32 gradient. A value that several products use is cast once, after share_common.
Graph place_casts(const Graph& g);

// What place_casts leaves to do around convolutions: a result that only batch norm, casts and
// pointwise ops of its shape read is written in bf16 by its maker. Halves the memory traffic of a
// residual network outside its products; sums and statistics stay f32.
Graph store_narrow(const Graph& g);
}  // namespace cambium
