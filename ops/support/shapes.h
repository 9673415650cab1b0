// Shape rules that several operators share: NumPy broadcasting, axes, and views as [outer, n,
// inner].
#pragma once
#include <vector>

#include "graph/op.h"

namespace cambium {
// The shape both broadcast to: right-aligned, extents equal or 1. UserError when they do not fit.
Shape broadcast_shapes(const Shape& a, const Shape& b);

// True when `from` broadcasts to exactly `to`.
bool broadcasts_to(const Shape& from, const Shape& to);

// 0 <= axis < rank from a possibly negative axis. UserError otherwise.
int normalised_axis(int64_t axis, const Shape& s);

// Sorted, unique, non-negative axes; an empty list means all of them. UserError otherwise.
std::vector<int> normalised_axes(std::span<const int64_t> axes, const Shape& s);

// Any tensor seen from one axis.
struct AxisView {
  int64_t outer = 1, n = 1, inner = 1;
};

AxisView axis_view(const Shape& s, int axis);

// A loop over `y` that reads operands by strides (0 along a broadcast axis). Neighbouring axes with
// one pattern are merged, so that the innermost loop is long. Strides of the innermost axis are 0
// or 1.
struct BroadcastLoop {
  int rank = 1;  // at least 1
  int64_t extent[Shape::kMaxRank] = {1};
  int64_t stride_a[Shape::kMaxRank] = {0}, stride_b[Shape::kMaxRank] = {0};
};

BroadcastLoop broadcast_loop(const Shape& a, const Shape& b, const Shape& y);

// Row-major strides in elements, one an axis.
std::vector<int64_t> strides_of(const Shape& s);

// For references: the position in `from` (which broadcasts to `to`) of element i of `to`.
int64_t broadcast_index(int64_t i, const Shape& from, const Shape& to);

// For pointwise ops (Op::range): one f32 output with the shape of input 0. Inputs are f32 or bf16;
// a use with bf16 operands runs as a chain, never by Op::kernel.
std::vector<ValueType> like_first(const Call& c);
// The same, and all inputs must have one shape (an activation's gradient).
std::vector<ValueType> like_all(const Call& c);
// The same two for other ops: every input must be f32.
std::vector<ValueType> f32_like_first(const Call& c);
std::vector<ValueType> f32_like_all(const Call& c);
void require_f32(const Call& c, int input);
void require_float(const Call& c, int input);  // f32 or bf16
}  // namespace cambium
