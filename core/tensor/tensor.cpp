#include "core/tensor/tensor.h"

#include <algorithm>
#include <cstdlib>

#include <sys/mman.h>

#include "core/failures.h"

namespace cambium {
namespace {
constexpr int64_t kHugePage = 2 << 20;

[[noreturn]] void refuse(int64_t bytes) {
  throw MemoryError(str("out of memory: could not allocate ", bytes, " bytes"));
}

// Pages of the system from a huge page's start on; the end is not rounded up, which would cost up
// to 2 MB a block.
Bytes map_bytes(int64_t bytes) {
  const auto length = size_t(bytes + kHugePage);
  void* const raw =
      mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) refuse(bytes);
  const auto rest = size_t(reinterpret_cast<uintptr_t>(raw) % size_t(kHugePage));
  auto* const p = static_cast<std::byte*>(raw) + (rest == 0 ? 0 : size_t(kHugePage) - rest);
  // Fewer TLB misses for arenas; a kernel without huge pages says no and nothing else changes.
  madvise(p, size_t(bytes), MADV_HUGEPAGE);
  return {p, [raw, length](std::byte*) { munmap(raw, length); }};
}
}  // namespace

Bytes allocate_bytes(int64_t bytes) {
  if (bytes >= kHugePage) return map_bytes(bytes);
  const auto rounded = size_t(whole_lines(std::max<int64_t>(bytes, 1)));
  auto* const p = static_cast<std::byte*>(std::aligned_alloc(64, rounded));
  if (p == nullptr) refuse(bytes);
  std::memset(p, 0, rounded);
  return {p, [](std::byte* at) { std::free(at); }};
}
}  // namespace cambium
