// ByteNgrams: an n-gram model of bytes, for bits per byte of texts of any language.
//   p(w | h) = max(c(hw) - D, 0) / c(h) + (what D took) / c(h) * p(w | h'),
// h' = h without its first byte, down to 1/256: interpolated modified Kneser-Ney (Chen and Goodman
// 1999, section 3; D by how often hw came: 1, 2, 3 and more, each order's own). c counts texts at
// the highest order and below it how many different bytes stood before. Grams are held as they are,
// not as hashes. A text begins as if order - 1 newlines stood before it; its end is not foretold.
#pragma once
#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace cambium {
class ByteNgrams {
 public:
  static constexpr int64_t kMostOrder = 7;            // bytes of a gram, which fit one word
  static constexpr int64_t kLeastMemory = 4'000'000;  // bytes

  // Of `memory` bytes. When they are full, grams of the highest order that came once since the
  // last time are forgotten, then twice, four times ...; where none are left, the order shrinks.
  ByteNgrams(int64_t order, int64_t memory);

  // The same texts in the same order give the same model.
  void learn(std::string_view text);

  // From counts to probabilities, once; then bits().
  void finish();

  // A finished model, and one that save() wrote.
  void save(const std::string& path) const;
  static ByteNgrams load(const std::string& path);

  // -log2 of the probability of all bytes. Several threads may ask.
  double bits(std::string_view text) const;

  int64_t order() const { return order_; }  // as it is now

  int64_t grams() const;

  int64_t forgotten() const { return forgotten_; }

  int64_t bytes() const { return bytes_; }  // of texts that it learned from

 private:
  ByteNgrams() = default;

  static constexpr size_t kNone = SIZE_MAX;
  static constexpr size_t kDirect = 1 + 256 + 65'536;  // places of grams of none to two bytes

  struct Place {
    uint64_t key = 0;  // of hashed ones; 0: free
    uint32_t count = 0;
    float rest = 0;  // of a context, once finished: what is left for the shorter one

    // Once finished, in place of the count: the gram's own part of its probability.
    float part() const { return std::bit_cast<float>(count); }
  };

  struct Discounts {
    std::array<double, 4> of{};  // by min(count, 3)

    double operator[](uint32_t count) const { return of[count < 3 ? count : 3]; }
  };

  static uint64_t key_of(int64_t length, uint64_t history);
  size_t home_of(uint64_t key) const;
  size_t find(int64_t length, uint64_t history) const;
  void fetch(int64_t length, uint64_t history) const;
  size_t find_or_add(int64_t length, uint64_t history);
  size_t context_of(size_t place) const;
  int64_t length_at(size_t place) const;  // of the gram there, -1: none
  void forget();
  void remove(size_t place);
  std::vector<Discounts> discounts() const;  // by length

  int64_t order_ = 0;
  size_t hashed_ = 0;  // places behind the direct ones
  size_t used_ = 0;
  int64_t forgotten_ = 0, bytes_ = 0;
  std::vector<Place> places_;  // [kDirect + hashed_]
  bool finished_ = false;
};
}  // namespace cambium
