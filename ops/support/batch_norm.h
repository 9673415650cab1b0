// What batch_norm, batch_norm_grad and batch_norm_apply share: x seen as [rows, C], and a row pass
// whose parameters are repeated so that few channels still fill the vectors.
#pragma once
#include <array>

#include "ops/support/lanes.h"
#include "ops/support/norm.h"

namespace cambium {
struct BatchNormAttrs {
  double eps = 1e-5;
  std::string activation = "none";
  static constexpr auto fields =
      std::tuple{field("eps", &BatchNormAttrs::eps, "added to the variance").in(0),
                 field("activation", &BatchNormAttrs::activation, "applied to the result")
                     .one_of("none|relu")};
};

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

// y = (x - mean) * scale + beta, then relu when asked for, over `n` elements whose parameters
// repeat every `period`. `begin` is a multiple of the period.
void batch_norm_transform(const float* x, float* y, int64_t n, const float* mean,
                          const float* scale, const float* beta, int64_t period, bool relu);
}  // namespace cambium
