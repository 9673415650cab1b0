// Reductions in an order fixed by the shape alone: blocks of rows or elements, folded lane by lane,
// then a pairwise tree over the blocks. The bits do not depend on the number of threads.
#pragma once
#include <cmath>
#include <vector>

#include "core/system/parallel.h"
#include "graph/op.h"
#include "ops/support/nan.h"
#include "ops/support/scratch.h"
#include "ops/support/shapes.h"
#include "ops/support/simd_math.h"

namespace cambium {
struct SumFold {
  static constexpr float kIdentity = 0;

  template <class T> [[gnu::always_inline]] static void fold(T& into, const T& x) { into += x; }
};

// The largest number; NaN is passed over. For what is compared with it afterwards: e^(x - top) is
// NaN where x is.
struct TopFold {
  static constexpr float kIdentity = -__builtin_inff();

  template <class T> [[gnu::always_inline]] static void fold(T& into, const T& x) {
    into = x > into ? x : into;
  }
};

struct MaxFold {  // NaN is the largest
  static constexpr float kIdentity = -__builtin_inff();

  template <class T> [[gnu::always_inline]] static void fold(T& into, const T& x) {
    T zero;
    nan_alone(x, zero);  // a NaN stays, since nothing is larger
    into = (x > into ? x : into) + zero;
  }
};

// A strand of a fold: 16 numbers at a time.
template <class Fold> struct FoldLanes {
  RegisterLanes v = RegisterLanes{} + Fold::kIdentity;

  [[gnu::always_inline]] void add(const RegisterLanes& x) { Fold::fold(v, x); }

  [[gnu::always_inline]] void join(const FoldLanes& x) { Fold::fold(v, x.v); }

  [[gnu::always_inline]] void write(float* to) const { write_lanes(to, v); }

  // The fold of all lanes, pairwise, and of `tail`.
  [[gnu::always_inline]] float total(const float* tail, int64_t n) const {
    float lane[kLanes], rest = Fold::kIdentity;
    for (int64_t i = 0; i < n; ++i) Fold::fold(rest, tail[i]);
    write_lanes(lane, v);
    for (int64_t width = kLanes / 2; width > 0; width /= 2)
      for (int64_t k = 0; k < width; ++k) Fold::fold(lane[k], lane[k + width]);
    Fold::fold(lane[0], rest);
    return lane[0];
  }
};

// Of maxima: those of the numbers, which lose NaN, and of their bits without the sign, of which
// NaN has the largest. Both take one instruction.
template <> struct FoldLanes<MaxFold> {
  using Bits [[gnu::vector_size(64)]] = int32_t;
  RegisterLanes v = RegisterLanes{} + MaxFold::kIdentity;
  Bits size = {};

  [[gnu::always_inline]] void add(const RegisterLanes& x) {
    v = x > v ? x : v;
    Bits bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    bits &= 0x7fffffff;
    size = bits > size ? bits : size;
  }

  [[gnu::always_inline]] void join(const FoldLanes& x) {
    v = x.v > v ? x.v : v;
    size = x.size > size ? x.size : size;
  }

  [[gnu::always_inline]] void write(float* to) const {
    RegisterLanes largest, zero;
    __builtin_memcpy(&largest, &size, sizeof largest);
    nan_alone(largest, zero);
    write_lanes(to, v + zero);
  }

  [[gnu::always_inline]] float total(const float* tail, int64_t n) const {
    const float top = FoldLanes<TopFold>{v}.total(tail, n);
    int32_t bits[kLanes], largest = 0;
    __builtin_memcpy(bits, &size, sizeof bits);
    for (int64_t i = 0; i < n; ++i) {
      const int32_t x = std::bit_cast<int32_t>(tail[i]) & 0x7fffffff;
      largest = x > largest ? x : largest;
    }
    for (int64_t width = kLanes / 2; width > 0; width /= 2)
      for (int64_t k = 0; k < width; ++k)
        bits[k] = bits[k + width] > bits[k] ? bits[k + width] : bits[k];
    largest = bits[0] > largest ? bits[0] : largest;
    return largest > 0x7f800000 ? __builtin_nanf("") : top;
  }
};

constexpr int64_t kFoldRows = 64;        // rows of a block when columns are folded
constexpr int64_t kFoldElements = 4096;  // elements of a block when one row is folded
constexpr int64_t kFoldColumns = 256;    // columns a task folds

// The fold of x[0..n).
template <class Fold> [[gnu::always_inline]] inline float fold_row(const float* x, int64_t n) {
  FoldLanes<Fold> acc[4];
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes)
    for (int k = 0; k < 4; ++k) acc[k].add(LoadedLanes(x + i + k * kLanes).v);
  for (; i + kLanes <= n; i += kLanes) acc[0].add(LoadedLanes(x + i).v);
  acc[0].join(acc[1]);
  acc[2].join(acc[3]);
  acc[0].join(acc[2]);
  return acc[0].total(x + i, n - i);
}

// y[r] = fold of row r, rows of n elements.
template <class Fold>
CAMBIUM_SIMD void fold_rows(const float* x, float* y, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r) y[r] = fold_row<Fold>(x + r * n, n);
}

// y[j] = fold of x[r * stride + j] over `rows` rows, for n columns.
template <class Fold>
CAMBIUM_SIMD void fold_columns(const float* x, float* y, int64_t rows, int64_t stride, int64_t n) {
  int64_t j = 0;
  for (; j + 4 * kLanes <= n; j += 4 * kLanes) {
    FoldLanes<Fold> acc[4];
    for (int64_t r = 0; r < rows; ++r)
      for (int k = 0; k < 4; ++k) acc[k].add(LoadedLanes(x + r * stride + j + k * kLanes).v);
    for (int k = 0; k < 4; ++k) acc[k].write(y + j + k * kLanes);
  }
  for (; j + kLanes <= n; j += kLanes) {
    FoldLanes<Fold> acc;
    for (int64_t r = 0; r < rows; ++r) acc.add(LoadedLanes(x + r * stride + j).v);
    acc.write(y + j);
  }
  for (; j < n; ++j) {
    float acc = Fold::kIdentity;
    for (int64_t r = 0; r < rows; ++r) Fold::fold(acc, x[r * stride + j]);
    y[j] = acc;
  }
}

// into[i] = fold(into[i], x[i]).
template <class Fold> CAMBIUM_SIMD void fold_range(float* into, const float* x, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) Fold::fold(into[i], x[i]);
}

// Folds `blocks` rows of n partial results into row 0, pairwise.
template <class Fold> void fold_tree(float* partial, int64_t blocks, int64_t n) {
  for (int64_t step = 1; step < blocks; step *= 2)
    for (int64_t b = 0; b + step < blocks; b += 2 * step)
      fold_range<Fold>(partial + b * n, partial + (b + step) * n, n);
}

inline int64_t fold_blocks(const AxisView& v) {
  const int64_t size = v.inner == 1 ? kFoldElements : kFoldRows;
  return std::max<int64_t>(1, (v.n + size - 1) / size);
}

// How many floats of `partial` fold_axis needs.
inline int64_t fold_partial_count(const AxisView& v) {
  const int64_t blocks = fold_blocks(v);
  return blocks > 1 ? v.outer * blocks * v.inner : 0;
}

// y [outer, inner] = fold of x [outer, n, inner] over n.
template <class Fold> void fold_axis(const float* x, float* y, const AxisView& v, float* partial) {
  if (v.outer * v.inner == 0) return;
  const int64_t blocks = fold_blocks(v), size = v.inner == 1 ? kFoldElements : kFoldRows;
  float* const to = blocks > 1 ? partial : y;
  if (v.inner == 1 && blocks == 1) {
    parallel_for(v.outer, std::max<int64_t>(1, 65536 / (v.n + 1)), [&](int64_t begin, int64_t end) {
      fold_rows<Fold>(x + begin * v.n, y + begin, end - begin, v.n);
    });
    return;
  }
  const int64_t tiles = (v.inner + kFoldColumns - 1) / kFoldColumns;
  const int64_t work = std::min(size, v.n) * std::min(v.inner, kFoldColumns);
  parallel_for(v.outer * blocks * tiles, std::max<int64_t>(1, 65536 / (work + 1)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t t = begin; t < end; ++t) {
                   const int64_t o = t / (blocks * tiles), b = t / tiles % blocks;
                   const int64_t column = t % tiles * kFoldColumns, row = b * size;
                   const int64_t rows = std::min(size, v.n - row);
                   const float* from = x + (o * v.n + row) * v.inner + column;
                   float* into = to + (o * blocks + b) * v.inner + column;
                   if (v.inner == 1)
                     fold_rows<Fold>(from, into, 1, rows);
                   else
                     fold_columns<Fold>(from, into, rows, v.inner,
                                        std::min(kFoldColumns, v.inner - column));
                 }
               });
  if (blocks == 1) return;
  for (int64_t o = 0; o < v.outer; ++o) {
    float* row = partial + o * blocks * v.inner;
    fold_tree<Fold>(row, blocks, v.inner);
    std::copy_n(row, v.inner, y + o * v.inner);
  }
}

// What reduce_sum, reduce_mean and reduce_max share.
struct ReduceAttrs {
  std::vector<int64_t> axes;
  bool keep = false;
  static constexpr auto fields =
      std::tuple{field("axes", &ReduceAttrs::axes,
                       "axes to reduce, from the end when negative; "
                       "none named: all"),
                 field("keep", &ReduceAttrs::keep, "reduced axes stay with extent 1")};
};

// The shape with the given axes of extent 1.
Shape kept_shape(const Shape& s, std::span<const int> axes);
std::vector<ValueType> reduced_type(const Call& c);
std::vector<int> reduced_axes(const Call& c);
// Elements that go into one result.
int64_t reduced_count(const Shape& s, std::span<const int> axes);
// The axes of `from` that were broadcast to make it from `to`, right-aligned.
std::vector<int> broadcast_axes(const Shape& to, const Shape& from);
// dy of a reduction, repeated to the shape of its input.
Value spread(const Call& c, Value dy);
// References: calls f(input position, output position) for every element of `s`.
void for_each_reduced(const Shape& s, std::span<const int> axes,
                      const std::function<void(int64_t, int64_t)>& f);
std::vector<Sample> reduce_samples();
void reach_reduced(const Call& c, std::span<const Reach> in, std::span<Reach> out);

// One fold_axis for each run of neighbouring reduced axes, innermost first.
std::vector<AxisView> fold_steps(const Shape& s, std::span<const int> axes);

// y = scale * fold of input 0 over the axes.
template <class Fold>
Kernel fold_kernel(const Shape& s, const std::vector<int>& axes, float scale = 1) {
  const std::vector<AxisView> steps = fold_steps(s, axes);
  Scratch scratch;
  int64_t partial = 0;
  for (const AxisView& v : steps) partial = std::max(partial, fold_partial_count(v));
  const int64_t partial_at = scratch.add_f32(partial);
  std::vector<int64_t> between;
  for (size_t i = 0; i + 1 < steps.size(); ++i)
    between.push_back(scratch.add_f32(steps[i].outer * steps[i].inner));
  const int64_t n = s.count(), outputs = kept_shape(s, axes).count();
  return {.run =
              [=](const KernelArgs& k) {
                const float* x = k.f32(0);
                float* y = k.out_f32();
                if (steps.empty()) std::copy_n(x, n, y);
                for (size_t i = 0; i < steps.size(); ++i) {
                  const bool last = i + 1 == steps.size();
                  float* to = last ? y : reinterpret_cast<float*>(k.scratch + between[i]);
                  fold_axis<Fold>(x, to, steps[i],
                                  reinterpret_cast<float*>(k.scratch + partial_at));
                  x = to;
                }
                if (scale != 1)
                  for (int64_t i = 0; i < outputs; ++i) y[i] *= scale;
              },
          .scratch_bytes = scratch.bytes};
}
}  // namespace cambium
