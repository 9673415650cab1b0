#include "core/tensor.h"

#include <algorithm>

#include <sys/mman.h>

namespace cambium {
AlignedBytes allocate_bytes(int64_t bytes) {
  constexpr int64_t kLine = 64, kHugePage = 2 << 20;
  const int64_t alignment = bytes >= kHugePage ? kHugePage : kLine;
  const int64_t rounded = (std::max<int64_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  auto* p = static_cast<std::byte*>(std::aligned_alloc(size_t(alignment), size_t(rounded)));
  if (!p) throw RuntimeError(str("out of memory: could not allocate ", bytes, " bytes"));
  // Fewer TLB misses for arenas; a kernel without huge pages says no and nothing else changes.
  if (alignment == kHugePage) madvise(p, size_t(rounded), MADV_HUGEPAGE);
  std::memset(p, 0, size_t(rounded));
  return AlignedBytes(p);
}
}  // namespace cambium
