// transpose: axis i of the result is axis perm[i] of x.
//   dx = dy transposed by the inverse permutation
#include <cstring>
#include <numeric>

#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_transpose {
namespace {
struct Transpose {
  std::vector<int64_t> perm;
  static constexpr auto fields = std::tuple{
      field("perm", &Transpose::perm, "which axis of x each axis of the result is").in(0)};
};

std::vector<ValueType> shape(const Call& c) {
  const std::vector<int64_t>& perm = c.as<Transpose>().perm;
  const Shape& s = c.shape(0);
  require_f32(c, 0);
  require(int(perm.size()) == s.rank(), "perm names ", perm.size(), " axes, x has ", s.rank());
  std::vector<int64_t> sorted = perm, extents;
  std::ranges::sort(sorted);
  for (size_t i = 0; i < perm.size(); ++i) {
    require(sorted[i] == int64_t(i), "perm does not name each axis of ", s, " once");
    extents.push_back(s[int(perm[i])]);
  }
  return {{DType::kF32, Shape(extents)}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const std::vector<int64_t>& perm = c.as<Transpose>().perm;
  std::vector<int64_t> inverse(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) inverse[size_t(perm[i])] = int64_t(i);
  return {dy[0].graph->emit("transpose", {dy[0]}, {{"perm", inverse}})};
}

// An axis of the result and how far one step along it moves in x.
struct Axis {
  int64_t extent, stride;
};

// Axes of the result, neighbours that move together merged, axes of one element dropped.
std::vector<Axis> merged_axes(const Call& c) {
  const std::vector<int64_t> strides = strides_of(c.shape(0));
  std::vector<Axis> axes;
  for (int64_t p : c.as<Transpose>().perm) {
    const Axis axis{c.shape(0)[int(p)], strides[size_t(p)]};
    if (axis.extent == 1) continue;
    if (!axes.empty() && axes.back().stride == axis.stride * axis.extent)
      axes.back() = {axes.back().extent * axis.extent, axis.stride};
    else
      axes.push_back(axis);
  }
  if (axes.empty()) axes.push_back({1, 1});
  return axes;
}

int64_t offset_of(std::span<const Axis> axes, int64_t i) {
  int64_t offset = 0;
  for (size_t k = axes.size(); k-- > 0; i /= axes[k].extent)
    offset += i % axes[k].extent * axes[k].stride;
  return offset;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const std::vector<Axis> axes = merged_axes(c);
  for (int64_t i = 0; i < out[0].size(); ++i) out[0][i] = in[0][offset_of(axes, i)];
}

// y [n, m] = x [m, n] transposed, by tiles that stay in cache.
void transpose_tiles(const float* x, int64_t x_stride, float* y, int64_t y_stride, int64_t n,
                     int64_t m) {
  constexpr int64_t kTile = 16;
  for (int64_t i0 = 0; i0 < n; i0 += kTile)
    for (int64_t j0 = 0; j0 < m; j0 += kTile)
      for (int64_t i = i0; i < std::min(n, i0 + kTile); ++i)
        for (int64_t j = j0; j < std::min(m, j0 + kTile); ++j)
          y[i * y_stride + j] = x[j * x_stride + i];
}

// Rows of the result are contiguous in x too.
Kernel row_kernel(std::vector<Axis> axes) {
  const int64_t n = axes.back().extent;
  axes.pop_back();
  int64_t rows = 1;
  for (const Axis& a : axes) rows *= a.extent;
  return {.run = [=](const KernelArgs& k) {
    parallel_for(rows, kPointwiseGrain / (n + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r)
        std::memcpy(k.out_f32() + r * n, k.f32(0) + offset_of(axes, r), size_t(n) * sizeof(float));
    });
  }};
}

// The axis with stride 1 in x is not last in the result: matrices are transposed by tiles.
Kernel tile_kernel(const std::vector<Axis>& axes) {
  const auto unit = size_t(std::ranges::find(axes, 1, &Axis::stride) - axes.begin());
  const Axis across = axes[unit], along = axes.back();
  std::vector<Axis> rest, rest_in_y;
  int64_t y_stride = 1, count = 1, across_stride = 1;
  for (size_t k = axes.size(); k-- > 0; y_stride *= axes[k].extent) {
    if (k == unit) across_stride = y_stride;
    if (k == unit || k + 1 == axes.size()) continue;
    rest.insert(rest.begin(), axes[k]);
    rest_in_y.insert(rest_in_y.begin(), {axes[k].extent, y_stride});
    count *= axes[k].extent;
  }
  const int64_t blocks = (across.extent + 63) / 64;
  return {.run = [=](const KernelArgs& k) {
    parallel_for(count * blocks, kPointwiseGrain / (64 * along.extent + 1) + 1,
                 [&](int64_t begin, int64_t end) {
                   for (int64_t t = begin; t < end; ++t) {
                     const int64_t first = t % blocks * 64, matrix = t / blocks;
                     transpose_tiles(
                         k.f32(0) + offset_of(rest, matrix) + first, along.stride,
                         k.out_f32() + offset_of(rest_in_y, matrix) + first * across_stride,
                         across_stride, std::min<int64_t>(64, across.extent - first), along.extent);
                   }
                 });
  }};
}

Kernel kernel(const Call& c, Engine&) {
  const std::vector<Axis> axes = merged_axes(c);
  if (c.out_shape().count() == 0) return {.run = [](const KernelArgs&) {}};
  return axes.back().stride == 1 ? row_kernel(axes) : tile_kernel(axes);
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  out[0] = transposed(in[0], c.as<Transpose>().perm);
}
}  // namespace

extern const Op op_transpose = {
    .name = "transpose",
    .doc = "permutes the axes",
    .attrs = fields_of<Transpose>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<0>,
    .reach = reach,
    .cheap = true,
    .moves = true,
    .onnx = onnx_transpose,
    .samples = {{{Shape{3, 5}}, {{"perm", std::vector<int64_t>{1, 0}}}},
                {{Shape{2, 3, 4, 5}}, {{"perm", std::vector<int64_t>{0, 2, 1, 3}}}},
                {{Shape{2, 3, 4, 5}}, {{"perm", std::vector<int64_t>{3, 1, 0, 2}}}},
                {{Shape{2, 33, 70}}, {{"perm", std::vector<int64_t>{0, 2, 1}}}},
                {{Shape{70, 3, 129}}, {{"perm", std::vector<int64_t>{2, 1, 0}}}},
                {{Shape{2, 3}}, {{"perm", std::vector<int64_t>{0, 1}}}},
                {{Shape{}}, {{"perm", std::vector<int64_t>{}}}},
                {{Shape{1, 4, 1}}, {{"perm", std::vector<int64_t>{2, 0, 1}}}},
                {{Shape{0, 3}}, {{"perm", std::vector<int64_t>{1, 0}}}}},
};
}  // namespace cambium::op_transpose
