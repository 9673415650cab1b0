// Sums over lanes in a fixed order, for row kernels (norms, losses) and column statistics. `add`
// takes (accumulator, element of each array) and must work on Lanes and on float alike; it takes
// references, because passing vectors by value would change the calling convention.
#pragma once
#include <type_traits>

#include "core/system/parallel.h"
#include "core/tensor/bf16.h"
#include "ops/support/simd_math.h"

namespace cambium {
// The sum of the lanes, pairwise.
[[gnu::always_inline]] inline float lane_total(const RegisterLanes& v) {
  float lane[kLanes];
  __builtin_memcpy(lane, &v, sizeof lane);
  for (int64_t width = kLanes / 2; width > 0; width /= 2)
    for (int64_t k = 0; k < width; ++k) lane[k] += lane[k + width];
  return lane[0];
}

// Accumulates over i in [0, n): add(acc, x[i]...).
template <class Add, class... X>
[[gnu::always_inline]] inline float lane_sum(int64_t n, const Add& add, const X*... x) {
  RegisterLanes acc[2] = {};
  int64_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    add(acc[0], LoadedLanes(x + i).v...);
    add(acc[1], LoadedLanes(x + i + kLanes).v...);
  }
  for (; i + kLanes <= n; i += kLanes) add(acc[0], LoadedLanes(x + i).v...);
  float tail = 0;
  for (; i < n; ++i) add(tail, x[i]...);
  acc[0] += acc[1];
  return lane_total(acc[0]) + tail;
}

// 16 numbers in bf16 as f32.
struct WidenedLanes {
  [[gnu::always_inline]] explicit WidenedLanes(const uint16_t* x) {
    typedef uint16_t Narrow __attribute__((vector_size(2 * kLanes)));
    typedef uint32_t Wide __attribute__((vector_size(4 * kLanes)));
    Narrow narrow;
    __builtin_memcpy(&narrow, x, sizeof narrow);
    const Wide wide = __builtin_convertvector(narrow, Wide) << 16;
    __builtin_memcpy(&v, &wide, sizeof v);
  }

  RegisterLanes v;
};

template <class T>
using LanesFrom = std::conditional_t<std::is_same_v<T, float>, LoadedLanes, WidenedLanes>;

// An element in f32 or bf16, read and written as f32.
[[gnu::always_inline]] inline float wide(float x) {
  return x;
}

[[gnu::always_inline]] inline float wide(uint16_t x) {
  return from_bf16(x);
}

[[gnu::always_inline]] inline void put(float& to, float x) {
  to = x;
}

[[gnu::always_inline]] inline void put(uint16_t& to, float x) {
  to = to_bf16(x);
}

// An array in f32 or bf16 that a column sum reads: row r at p + r * stride (0: one row of
// parameters).
template <class T> struct ColumnInput {
  using Lanes = LanesFrom<T>;
  const T* p;
  int64_t stride;

  const T* at(int64_t r, int64_t j) const { return p + r * stride + j; }
};

// One number a row, the same for all its columns.
struct RowInput {
  using Lanes = RepeatedLanes;
  const float* p;

  const float* at(int64_t r, int64_t) const { return p + r; }
};

// out[j] = sum over rows of add(acc, x[r][j]...) for n columns, rows in order.
template <class Add, class... In>
[[gnu::always_inline]] inline void column_sums(int64_t rows, int64_t n, float* out, const Add& add,
                                               const In&... x) {
  int64_t j = 0;
  for (; j + 2 * kLanes <= n; j += 2 * kLanes) {
    RegisterLanes acc[2] = {};
    for (int64_t r = 0; r < rows; ++r) {
      add(acc[0], typename In::Lanes(x.at(r, j)).v...);
      add(acc[1], typename In::Lanes(x.at(r, j + kLanes)).v...);
    }
    write_lanes(out + j, acc[0]);
    write_lanes(out + j + kLanes, acc[1]);
  }
  for (; j + kLanes <= n; j += kLanes) {
    RegisterLanes acc = {};
    for (int64_t r = 0; r < rows; ++r) add(acc, typename In::Lanes(x.at(r, j)).v...);
    write_lanes(out + j, acc);
  }
  for (; j < n; ++j) {
    float acc = 0;
    for (int64_t r = 0; r < rows; ++r) add(acc, wide(*x.at(r, j))...);
    out[j] = acc;
  }
}
}  // namespace cambium
