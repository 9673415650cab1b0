#include "ops/support/shapes.h"

#include <algorithm>

namespace cambium {
Shape broadcast_shapes(const Shape& a, const Shape& b) {
  Shape y = a.rank() >= b.rank() ? a : b;
  const int shorter = std::min(a.rank(), b.rank());
  for (int k = 1; k <= shorter; ++k) {
    require(a[-k] == b[-k] || a[-k] == 1 || b[-k] == 1, "shapes ", a, " and ", b,
            " do not broadcast: ", a[-k], " against ", b[-k]);
    y.set(-k, a[-k] == 1 ? b[-k] : a[-k]);
  }
  return y;
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  if (from.rank() > to.rank()) return false;
  for (int k = 1; k <= from.rank(); ++k)
    if (from[-k] != to[-k] && from[-k] != 1) return false;
  return true;
}

int normalised_axis(int64_t axis, const Shape& s) {
  const int64_t a = axis < 0 ? axis + s.rank() : axis;
  require(a >= 0 && a < s.rank(), "axis ", axis, " is outside shape ", s);
  return int(a);
}

std::vector<int> normalised_axes(std::span<const int64_t> axes, const Shape& s) {
  std::vector<int> out;
  for (int64_t a : axes) out.push_back(normalised_axis(a, s));
  if (axes.empty())
    for (int i = 0; i < s.rank(); ++i) out.push_back(i);
  std::ranges::sort(out);
  require(std::ranges::adjacent_find(out) == out.end(), "an axis is named twice for shape ", s);
  return out;
}

AxisView axis_view(const Shape& s, int axis) {
  return {s.count_between(0, axis), s[axis], s.count_between(axis + 1, s.rank())};
}

std::vector<int64_t> strides_of(const Shape& s) {
  std::vector<int64_t> strides(size_t(s.rank()), 1);
  for (int i = s.rank() - 2; i >= 0; --i) strides[size_t(i)] = strides[size_t(i) + 1] * s[i + 1];
  return strides;
}

int64_t broadcast_index(int64_t i, const Shape& from, const Shape& to) {
  int64_t at = 0, stride = 1;
  for (int k = 1; k <= to.rank(); ++k) {
    const int64_t position = i % to[-k];
    i /= to[-k];
    if (k > from.rank()) continue;
    if (from[-k] != 1) at += position * stride;
    stride *= from[-k];
  }
  return at;
}

BroadcastLoop broadcast_loop(const Shape& a, const Shape& b, const Shape& y) {
  struct Axis {
    int64_t extent, a, b;
  };

  std::vector<Axis> axes;  // innermost first
  int64_t stride_a = 1, stride_b = 1;
  for (int k = 1; k <= y.rank(); ++k) {
    const int64_t in_a = k <= a.rank() ? a[-k] : 1, in_b = k <= b.rank() ? b[-k] : 1;
    const Axis axis{y[-k], in_a == 1 ? 0 : stride_a, in_b == 1 ? 0 : stride_b};
    stride_a *= in_a;
    stride_b *= in_b;
    if (axis.extent == 1) continue;
    const auto follows = [&](int64_t outer, int64_t inner) {
      return outer == inner * axes.back().extent;
    };
    if (!axes.empty() && follows(axis.a, axes.back().a) && follows(axis.b, axes.back().b))
      axes.back().extent *= axis.extent;
    else
      axes.push_back(axis);
  }
  BroadcastLoop loop;
  loop.rank = std::max(1, int(axes.size()));
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t to = axes.size() - 1 - i;
    loop.extent[to] = axes[i].extent;
    loop.stride_a[to] = axes[i].a;
    loop.stride_b[to] = axes[i].b;
  }
  return loop;
}

void require_f32(const Call& c, int input) {
  require(c.dtype(input) == DType::kF32, "input ", input, " is ", name_of(c.dtype(input)),
          ", not f32");
}

void require_float(const Call& c, int input) {
  require(c.dtype(input) == DType::kF32 || c.dtype(input) == DType::kBf16, "input ", input, " is ",
          name_of(c.dtype(input)), ", not f32 or bf16");
}

std::vector<ValueType> like_first(const Call& c) {
  for (int i = 0; i < c.inputs(); ++i)
    if (c.has(i)) require_float(c, i);
  return {{DType::kF32, c.shape(0)}};
}

std::vector<ValueType> like_all(const Call& c) {
  for (int i = 1; i < c.inputs(); ++i)
    require(c.shape(i) == c.shape(0), "input ", i, " has shape ", c.shape(i), ", not ", c.shape(0));
  return like_first(c);
}

std::vector<ValueType> f32_like_first(const Call& c) {
  for (int i = 0; i < c.inputs(); ++i)
    if (c.has(i)) require_f32(c, i);
  return like_first(c);
}

std::vector<ValueType> f32_like_all(const Call& c) {
  f32_like_first(c);
  return like_all(c);
}
}  // namespace cambium
