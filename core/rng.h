// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as
// easy as 1, 2, 3"). A number is a pure function of (seed, stream, index): nothing to save, the
// same under recompute and under any number of threads.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <string_view>
#include <utility>

namespace cambium {
// Four independent 32-bit words for one counter.
constexpr std::array<uint32_t, 4> philox(uint64_t seed, uint64_t stream, uint64_t index) {
  std::array<uint32_t, 4> c = {uint32_t(index), uint32_t(index >> 32), uint32_t(stream),
                               uint32_t(stream >> 32)};
  uint32_t k0 = uint32_t(seed), k1 = uint32_t(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t(0xD2511F53u) * c[0], p1 = uint64_t(0xCD9E8D57u) * c[2];
    c = {uint32_t(p1 >> 32) ^ c[1] ^ k0, uint32_t(p1), uint32_t(p0 >> 32) ^ c[3] ^ k1,
         uint32_t(p0)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

// A stable 64-bit name for a stream (FNV-1a), so that a dropout keeps its numbers when nodes move.
constexpr uint64_t stream_of(std::string_view name) {
  uint64_t h = 0xcbf29ce484222325u;
  for (char c : name) h = (h ^ uint8_t(c)) * 0x100000001b3u;
  return h;
}

// Uniform in [0,1) with 24 random bits.
constexpr float uniform_of(uint32_t bits) {
  return float(bits >> 8) * 0x1p-24f;
}

// A sequential view of one Philox stream, for initial weights and generated data.
class Random {
 public:
  explicit Random(uint64_t seed, uint64_t stream = 0, uint64_t first_block = 0)
      : seed_(seed), stream_(stream), index_(first_block) {}

  uint32_t bits() {
    if (next_ == 4) {
      word_ = philox(seed_, stream_, index_++);
      next_ = 0;
    }
    return word_[size_t(next_++)];
  }

  // Uniform in [0,1) with 53 random bits.
  double uniform() {
    const uint64_t hi = bits(), lo = bits();
    return double(((hi << 32) | lo) >> 11) * 0x1p-53;
  }

  // Standard normal (Box and Muller 1958).
  double normal() {
    const double u = 1.0 - uniform(), v = uniform();
    return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
  }

  // Uniform in [0, n), unbiased (Lemire 2019, arXiv 1805.10941). n >= 1.
  uint32_t below(uint32_t n) {
    uint64_t m = uint64_t(bits()) * n;
    if (uint32_t(m) < n)
      for (const uint32_t floor = (0u - n) % n; uint32_t(m) < floor;) m = uint64_t(bits()) * n;
    return uint32_t(m >> 32);
  }

  // Fisher and Yates 1938, in place.
  template <class T> void shuffle(std::span<T> items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(uint32_t(i))]);
  }

 private:
  uint64_t seed_, stream_, index_;  // of the next block of four words
  std::array<uint32_t, 4> word_{};
  int next_ = 4;
};
}  // namespace cambium
