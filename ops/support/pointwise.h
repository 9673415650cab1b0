// Pointwise operators from one functor. A functor has `float operator()(float)` marked
// always_inline for the kernel and `double operator()(double)` for the reference (or one template),
// and takes its numbers from a constructor `F(const Call&)` when it needs attributes.
#pragma once
#include <type_traits>

#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/support/shapes.h"
#include "ops/support/simd_math.h"

namespace cambium {
// Elements below which one thread does the work alone.
constexpr int64_t kPointwiseGrain = 16384;

// Whether no operand is repeated, outside the update: then a chain loads operands of f32 and of
// bf16, and in any layout that all of them have.
bool is_plain_pointwise(const Graph& g, const Node& n);

template <class F> F functor(const Call& c) {
  if constexpr (std::is_constructible_v<F, const Call&>)
    return F(c);
  else
    return F{};
}

// y[i] = f(x[i]); x and y may be the same buffer, which ivdep tells the vectoriser.
template <class F> CAMBIUM_SIMD void map_range(const float* x, float* y, int64_t n, F f) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = f(x[i]);
}

// y[i] = f(a[i], b[i]); A or B false: that operand is one number for the whole range.
template <bool A, bool B, class F>
CAMBIUM_SIMD void map2_range(const float* a, const float* b, float* y, int64_t n, F f) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = f(a[A ? i : 0], b[B ? i : 0]);
}

template <class F>
void map2_row(const float* a, int64_t stride_a, const float* b, int64_t stride_b, float* y,
              int64_t n, F f) {
  if (stride_a && stride_b)
    map2_range<true, true>(a, b, y, n, f);
  else if (stride_a)
    map2_range<true, false>(a, b, y, n, f);
  else if (stride_b)
    map2_range<false, true>(a, b, y, n, f);
  else
    map2_range<false, false>(a, b, y, n, f);
}

// Elements [begin, end) of y, row by row of the merged loop.
template <class F>
void map2_broadcast(const BroadcastLoop& loop, const float* a, const float* b, float* y,
                    int64_t begin, int64_t end, F f) {
  const int last = loop.rank - 1;
  int64_t at[Shape::kMaxRank] = {}, offset_a = 0, offset_b = 0;
  for (int64_t k = last, rest = begin; k >= 0; --k) {
    at[k] = rest % loop.extent[k];
    rest /= loop.extent[k];
    offset_a += at[k] * loop.stride_a[k];
    offset_b += at[k] * loop.stride_b[k];
  }
  for (int64_t i = begin; i < end;) {
    const int64_t n = std::min(loop.extent[last] - at[last], end - i);
    map2_row(a + offset_a, loop.stride_a[last], b + offset_b, loop.stride_b[last], y + i, n, f);
    i += n;
    offset_a -= at[last] * loop.stride_a[last];
    offset_b -= at[last] * loop.stride_b[last];
    at[last] = 0;
    for (int k = last - 1; k >= 0; --k) {
      offset_a += loop.stride_a[k];
      offset_b += loop.stride_b[k];
      if (++at[k] < loop.extent[k]) break;
      offset_a -= at[k] * loop.stride_a[k];
      offset_b -= at[k] * loop.stride_b[k];
      at[k] = 0;
    }
  }
}

template <class F>
void unary_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const F f = functor<F>(c);
  for (int64_t i = 0; i < out[0].size(); ++i) out[0][i] = f(in[0][i]);
}

template <class F> Kernel unary_kernel(const Call& c, Engine&) {
  const F f = functor<F>(c);
  const int64_t n = c.out_shape().count();
  return {.run = [=](const KernelArgs& k) {
    parallel_for(n, kPointwiseGrain, [&](int64_t begin, int64_t end) {
      map_range(k.f32(0) + begin, k.out_f32() + begin, end - begin, f);
    });
  }};
}

template <class F> RangeFunction unary_range(const Call& c) {
  return [f = functor<F>(c)](const float* const* in, float* y, int64_t n) {
    map_range(in[0], y, n, f);
  };
}

template <class F> RangeFunction binary_range(const Call& c) {
  return [f = functor<F>(c)](const float* const* in, float* y, int64_t n) {
    map2_range<true, true>(in[0], in[1], y, n, f);
  };
}

std::vector<ValueType> broadcast_shape(const Call& c);   // operands of one shape may be bf16
std::vector<InPlace> broadcast_in_place(const Call& c);  // over each operand of the result's shape

template <class F>
void binary_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const F f = functor<F>(c);
  for (int64_t i = 0; i < out[0].size(); ++i)
    out[0][i] = f(in[0][broadcast_index(i, c.shape(0), c.out_shape())],
                  in[1][broadcast_index(i, c.shape(1), c.out_shape())]);
}

template <class F> Kernel binary_kernel(const Call& c, Engine&) {
  const F f = functor<F>(c);
  const int64_t n = c.out_shape().count();
  const BroadcastLoop loop = broadcast_loop(c.shape(0), c.shape(1), c.out_shape());
  return {.run = [=](const KernelArgs& k) {
    parallel_for(n, kPointwiseGrain, [&](int64_t begin, int64_t end) {
      map2_broadcast(loop, k.f32(0), k.f32(1), k.out_f32(), begin, end, f);
    });
  }};
}

// For two operands of one shape.
template <class F> Kernel twin_kernel(const Call& c, Engine&) {
  const F f = functor<F>(c);
  const int64_t n = c.out_shape().count();
  return {.run = [=](const KernelArgs& k) {
    parallel_for(n, kPointwiseGrain, [&](int64_t begin, int64_t end) {
      map2_range<true, true>(k.f32(0) + begin, k.f32(1) + begin, k.out_f32() + begin, end - begin,
                             f);
    });
  }};
}

// `flops` a result element; every operand is read once.
Cost operand_cost(const Call& c, double flops_per_element);

template <int kFlops> Cost pointwise_cost(const Call& c) {
  return operand_cost(c, kFlops);
}

// The gradient of a broadcast operand: dy summed over the axes it was repeated along.
Value unbroadcast(Value dy, const Shape& to);

// Samples that suit any unary operator, values in [lo, hi) or normal when lo == hi.
std::vector<Sample> unary_samples(double lo = 0, double hi = 0, const Args& args = {});
std::vector<Sample> twin_samples(const Args& args = {});  // two inputs of one shape
std::vector<Sample> binary_samples(double lo = 0, double hi = 0);
}  // namespace cambium
