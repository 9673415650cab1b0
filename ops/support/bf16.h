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

// v rounded to bf16.
Value cast_to_bf16(Value v);

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

// Op::bf16 of a product of inputs 0 and 1 whose result stays f32.
Bf16Use rounds_operands(const Call&);

// Op::bf16 of a product that is computed in f32 whatever the precision of a model: its kernel is
// bound by something else, or its sums need what its operands hold.
Bf16Use stays_f32(const Call&);

// The attributes, whose type has a `to`, with which a result is written in bf16.
template <class A> Attrs writing_bf16(const Call& c) {
  A a = c.as<A>();
  a.to = "bf16";
  return a;
}
}  // namespace cambium
