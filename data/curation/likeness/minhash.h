// MinHash: sets of shingles, and hashes by which like sets meet (Broder 1997; Leskovec et al.,
// Mining of Massive Datasets, chapter 3).
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace cambium {
struct ShingleOptions {
  int64_t ngram = 5;        // units of a shingle
  bool characters = false;  // units are characters; else words
};

// The hashes of a text's shingles, sorted, each once. Case of ASCII and everything but letters and
// digits do not count (what is beyond ASCII counts as letters). A text of fewer units is one
// shingle, and one without any as it stands; an empty one has none.
void shingles_of(std::string_view text, const ShingleOptions& options,
                 std::vector<uint64_t>& shingles);

double jaccard(std::span<const uint64_t> a, std::span<const uint64_t> b);  // of sorted sets

// Two sets of similarity s share a band with probability 1 - (1 - s^rows)^bands.
class MinHash {
 public:
  MinHash(int64_t bands, int64_t rows);

  // One hash a band; `shingles` are not empty.
  void bands_of(std::span<const uint64_t> shingles, std::vector<uint64_t>& bands) const;

 private:
  int64_t bands_, rows_;
  std::vector<uint64_t> salts_, factors_;  // of each row
};
}  // namespace cambium
