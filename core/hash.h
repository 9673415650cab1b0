// Content checksums: 64 bits that tell a damaged file from a whole one. Not for secrets.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/format.h"

namespace cambium {
// Multiplies and mixes eight bytes at a time (the word form of FNV-1a with a rotation, so that
// high bits reach low ones); the length is part of the sum. For data in pieces: all but the last
// must be whole words of eight bytes.
class Checksum {
 public:
  explicit Checksum(uint64_t total_bytes) : h_(0xcbf29ce484222325u ^ total_bytes) {}

  void add(std::span<const std::byte> bytes) {
    size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) {
      uint64_t word;
      std::memcpy(&word, bytes.data() + i, 8);
      mix(word);
    }
    for (; i < bytes.size(); ++i) mix(uint64_t(bytes[i]));
  }

  uint64_t value() const {
    const uint64_t h = (h_ ^ (h_ >> 32)) * 0xD6E8FEB86659FD93u;
    return h ^ (h >> 32);
  }

 private:
  void mix(uint64_t word) { h_ = std::rotl((h_ ^ word) * 0x9E3779B97F4A7C15u, 29); }

  uint64_t h_;
};

inline uint64_t hash_bytes(std::span<const std::byte> bytes) {
  Checksum sum(bytes.size());
  sum.add(bytes);
  return sum.value();
}

inline uint64_t hash_text(std::string_view text) {
  return hash_bytes(std::as_bytes(std::span(text.data(), text.size())));
}

// The bytes of a vector's elements, which must be plain numbers.
template <class T> uint64_t hash_of(const std::vector<T>& values) {
  static_assert(std::is_trivially_copyable_v<T>);
  return hash_bytes(std::as_bytes(std::span(values)));
}

// One hash of several, in their order.
inline uint64_t joined_hash(std::initializer_list<uint64_t> hashes) {
  return hash_bytes(std::as_bytes(std::span(hashes.begin(), hashes.size())));
}

// Sixteen hexadecimal digits.
inline std::string hash_name(uint64_t hash) {
  std::string out(16, '0');
  for (size_t i = 0; i < 16; ++i) out[15 - i] = "0123456789abcdef"[(hash >> (4 * i)) & 15];
  return out;
}
}  // namespace cambium
