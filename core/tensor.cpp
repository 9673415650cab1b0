#include "core/tensor.h"

namespace cambium {
AlignedBytes allocate_bytes(int64_t bytes) {
  constexpr int64_t kLine = 64, kPage = 4096, kLarge = 1 << 20;
  const int64_t alignment = bytes >= kLarge ? kPage : kLine;
  const int64_t rounded = (std::max<int64_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  auto* p = static_cast<std::byte*>(std::aligned_alloc(size_t(alignment), size_t(rounded)));
  if (!p) throw RuntimeError(str("out of memory: could not allocate ", bytes, " bytes"));
  std::memset(p, 0, size_t(rounded));
  return AlignedBytes(p);
}
}  // namespace cambium
