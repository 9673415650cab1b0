// Surprise: how many bits a model of bytes needs for a text. An n-gram model that counts texts one
// after the other, in bounded memory.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace cambium {
// Interpolated as data/text/ngram.h says (Witten and Bell 1991, method C), down to the uniform
// distribution over 256 bytes; contexts of up to `order` - 1 bytes of the same text. When it holds
// `most` grams, new ones are passed over and known ones are counted on.
class ByteModel {
 public:
  explicit ByteModel(int64_t order = 5, size_t most = size_t(1) << 21);

  void add(std::string_view text);

  double bits(std::string_view text) const;  // of the whole text

  bool full() const { return full_; }

 private:
  struct Gram {
    uint64_t key = 0;                         // its bytes and, on top, how many; 0: none
    uint32_t count = 0, seen = 0, kinds = 0;  // c(hw); as a context c(h), T(h)
  };

  const Gram* find(uint64_t key) const;
  Gram* find_or_add(uint64_t key);
  void make_room(size_t grams);

  int64_t order_;
  size_t most_, held_ = 0;
  bool full_ = false;
  std::vector<Gram> grams_;  // open addressing, a power of two
};
}  // namespace cambium
