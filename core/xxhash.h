// Hashes of contents that must not collide by accident among billions: XXH3 of 64 bits (Collet,
// xxhash.com). The one header that sees xxHash. Not for secrets.
#pragma once
#include <cstdint>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cambium {
inline uint64_t content_hash(std::string_view bytes, uint64_t seed = 0) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}
}  // namespace cambium
