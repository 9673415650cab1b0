// Repeats: what stands more than once in a text.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cambium {
// Hashes that were seen, in open addressing: of one text, then forgotten.
class SeenHashes {
 public:
  void clear(size_t expected);

  // How often it came before, this time counted.
  uint32_t add(uint64_t hash);

 private:
  struct Slot {
    uint64_t hash = 0;
    uint32_t count = 0, round = 0;
  };

  std::vector<Slot> slots_;
  uint32_t round_ = 0;
};

struct Repeats {
  int64_t pieces = 0, bytes = 0;  // that equal one before them
};

Repeats repeats_of(std::span<const std::string_view> pieces);

inline int64_t repeated_bytes(std::span<const std::string_view> pieces) {
  return repeats_of(pieces).bytes;
}

// The words of a text by hash and length, for runs of n of them.
class WordRuns {
 public:
  void set(std::span<const std::string_view> words);

  // Bytes of the most frequent run of n words, with the spaces between them, times how often it
  // comes; 0 where none comes twice.
  int64_t most_frequent(int64_t n);

  // Bytes of words in runs of n that stood before; a run that is counted is stepped over.
  int64_t repeated(int64_t n);

 private:
  uint64_t hash_of(size_t first, int64_t n) const;

  std::vector<uint64_t> hashes_;
  std::vector<int64_t> ends_;  // bytes of all words up to this one
  SeenHashes seen_;
};
}  // namespace cambium
