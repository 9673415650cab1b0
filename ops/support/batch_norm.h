// What batch_norm, batch_norm_grad and batch_norm_apply share: x seen as [rows, C], and a row pass
// whose parameters are repeated so that few channels still fill the vectors. Operands of a row's
// size may be in bf16; sums, statistics and parameters are f32.
#pragma once
#include <array>

#include "ops/support/lanes.h"
#include "ops/support/norm.h"
#include "ops/support/row_mask.h"

namespace cambium {
struct BatchNormAttrs {
  double eps = 1e-5;
  std::string activation = "none";
  std::string to = "f32";
  static constexpr auto fields = std::tuple{
      field("eps", &BatchNormAttrs::eps, "added to the variance").in(0),
      field("activation", &BatchNormAttrs::activation, "applied to the result").one_of("none|relu"),
      field("to", &BatchNormAttrs::to, "type of y, or of dx").one_of("f32|bf16")};

  DType dtype() const { return precision_of(to); }
};

// Checks x [..., C], in f32 or bf16, and parameters [C] at these inputs.
void require_batch_norm_inputs(const Call& c, int x, std::span<const int> parameters);

// Calls f with the elements at `p` from `begin` on, as what they are: float or uint16_t (bf16).
template <class F> void with_elements(DType type, const void* p, int64_t begin, const F& f) {
  if (type == DType::kBf16)
    f(static_cast<const uint16_t*>(p) + begin);
  else
    f(static_cast<const float*>(p) + begin);
}

template <class F> void with_elements(DType type, void* p, int64_t begin, const F& f) {
  if (type == DType::kBf16)
    f(static_cast<uint16_t*>(p) + begin);
  else
    f(static_cast<float*>(p) + begin);
}

// Calls f(first element, elements) for n elements in pieces of whole periods, in parallel.
template <class F> void for_each_period(int64_t n, int64_t period, const F& f) {
  const int64_t periods = (n + period - 1) / std::max<int64_t>(period, 1);
  parallel_for(periods, kPointwiseGrain / (period + 1) + 1, [&](int64_t first, int64_t last) {
    f(first * period, std::min(n, last * period) - first * period);
  });
}

// Rows of a block of statistics: about 64 KB, a function of the shape alone.
inline int64_t batch_norm_block_rows(int64_t channels) {
  return std::max<int64_t>(16, 16384 / std::max<int64_t>(channels, 1));
}

// How often a row of parameters is repeated to make at least 256 numbers.
inline int64_t parameter_repeats(int64_t channels) {
  return channels == 0 || channels >= 256 ? 1 : (255 + channels) / channels;
}

// Writes `repeats` copies of f(c) for each channel to `to`.
template <class F> void repeat_parameter(float* to, int64_t channels, int64_t repeats, const F& f) {
  for (int64_t c = 0; c < channels; ++c) to[c] = f(c);
  for (int64_t i = channels; i < repeats * channels; ++i) to[i] = to[i - channels];
}

// y = (x - mean) * scale + beta, plus the residual when there is one, then relu when asked for, of
// input 0 to output 0: `n` elements whose parameters repeat every `period`.
struct NormTransform {
  DType from, to;
  bool relu;
  int64_t n, period;
  int residual;  // its input, -1: none
  DType residual_type = DType::kF32;

  // The call may have a residual as its input `residual`.
  NormTransform(const Call& c, int64_t period, int residual);
  void operator()(const KernelArgs& k, const float* mean, const float* scale,
                  const float* beta) const;
};

// UserError unless input `i` is left out or of x's shape, in f32 or bf16.
void require_residual(const Call& c, int i);

// UserError unless input `i` is left out or a mask [rows of x], f32; x is input `x`.
void require_row_mask(const Call& c, int x, int i);

// A sum with something of y's shape becomes the residual, input `residual`; relu the activation.
std::optional<Absorbed> absorb_into_norm(const Call& c, int residual, std::string_view reader,
                                         Value operand);

// In place where both are of one type.
std::vector<InPlace> norm_in_place(const Call& c);
}  // namespace cambium
