#include "core/tensor.h"

#include <algorithm>
#include <cstdlib>

#include <sys/mman.h>

namespace cambium {
AlignedBytes allocate_bytes(int64_t bytes) {
  constexpr int64_t kLine = 64, kHugePage = 2 << 20;
  const int64_t alignment = bytes >= kHugePage ? kHugePage : kLine;
  const int64_t rounded = whole_lines(std::max<int64_t>(bytes, 1));
  // Only the start is aligned to a huge page: rounding the end up would cost up to 2 MB a tensor.
  void* raw = nullptr;
  if (::posix_memalign(&raw, size_t(alignment), size_t(rounded)) != 0)
    throw RuntimeError(str("out of memory: could not allocate ", bytes, " bytes"));
  auto* p = static_cast<std::byte*>(raw);
  // Fewer TLB misses for arenas; a kernel without huge pages says no and nothing else changes.
  if (alignment == kHugePage) madvise(p, size_t(rounded), MADV_HUGEPAGE);
  std::memset(p, 0, size_t(rounded));
  return AlignedBytes(p);
}
}  // namespace cambium
