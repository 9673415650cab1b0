#include "core/tensor/bf16.h"

#include "core/system/parallel.h"

namespace cambium {
CAMBIUM_SIMD void narrow_range(const float* x, uint16_t* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = to_bf16(x[i]);
}

CAMBIUM_SIMD void truncate_range(const float* x, uint16_t* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = uint16_t(std::bit_cast<uint32_t>(x[i]) >> 16);
}

CAMBIUM_SIMD void widen_range(const uint16_t* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = from_bf16(x[i]);
}
}  // namespace cambium
