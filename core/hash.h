// Content checksums: 64 bits that tell a damaged file from a whole one. Not for secrets.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "core/format.h"

namespace cambium {
// Multiplies and mixes eight bytes at a time (the word form of FNV-1a with a rotation, so that
// high bits reach low ones); the length is part of the sum.
inline uint64_t hash_bytes(std::span<const std::byte> bytes) {
  constexpr uint64_t kPrime = 0x9E3779B97F4A7C15u;
  uint64_t h = 0xcbf29ce484222325u ^ bytes.size();
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    h = std::rotl((h ^ word) * kPrime, 29);
  }
  for (; i < bytes.size(); ++i) h = std::rotl((h ^ uint64_t(bytes[i])) * kPrime, 29);
  h = (h ^ (h >> 32)) * 0xD6E8FEB86659FD93u;
  return h ^ (h >> 32);
}

inline uint64_t hash_text(std::string_view text) {
  return hash_bytes(std::as_bytes(std::span(text.data(), text.size())));
}

// Sixteen hexadecimal digits.
inline std::string hash_name(uint64_t hash) {
  std::string out(16, '0');
  for (size_t i = 0; i < 16; ++i) out[15 - i] = "0123456789abcdef"[(hash >> (4 * i)) & 15];
  return out;
}
}  // namespace cambium
