#include "ops/message/support/gat.h"

#include "core/system/parallel.h"

namespace cambium {
CAMBIUM_SIMD void fill_factors(const DropoutMask& mask, int64_t first, int64_t count, float* out) {
  const int64_t end = first + count;
  for (int64_t block = first / DropoutMask::kBlock; block * DropoutMask::kBlock < end; ++block) {
    float factors[DropoutMask::kBlock];
    mask.block_factors(block, factors);
    const int64_t start = block * DropoutMask::kBlock;
    for (int64_t i = std::max(first, start); i < std::min(end, start + DropoutMask::kBlock); ++i)
      out[i - first] = factors[i - start];
  }
}
}  // namespace cambium
