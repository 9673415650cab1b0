// PretokenCache: the ids of pre-tokens that came before, in a table of one size. Of one thread.
#pragma once
#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "core/xxhash.h"

namespace cambium {
class PretokenCache {
 public:
  static constexpr size_t kBytes = 22, kIds = 10;  // of what is kept, at most

  // Empty: it is not here. A pre-token has an id at least.
  std::span<const int32_t> find(std::string_view pretoken, uint64_t hash) const {
    for (const size_t i : {hash & kMask, (hash & kMask) ^ 1}) {
      const Slot& s = slots_[i];
      if (s.bytes == pretoken.size() && !std::memcmp(s.text, pretoken.data(), s.bytes))
        return {s.ids, s.count};
    }
    return {};
  }

  // Takes the place of what was asked for less lately, or not at all when it is too long.
  void keep(std::string_view pretoken, uint64_t hash, std::span<const int32_t> ids) {
    if (pretoken.size() > kBytes || ids.size() > kIds) return;
    const size_t i = hash & kMask;
    if (slots_[i].bytes > 0) slots_[i ^ 1] = slots_[i];
    Slot& s = slots_[i];
    s.bytes = uint8_t(pretoken.size());
    s.count = uint8_t(ids.size());
    std::memcpy(s.text, pretoken.data(), pretoken.size());
    std::ranges::copy(ids, s.ids);
  }

  static uint64_t hash_of(std::string_view pretoken) { return content_hash(pretoken); }

 private:
  static constexpr size_t kMask = (1 << 16) - 1;

  struct Slot {
    uint8_t bytes = 0, count = 0;
    char text[kBytes];
    int32_t ids[kIds];
  };

  static_assert(sizeof(Slot) == 64);

  std::vector<Slot> slots_ = std::vector<Slot>(kMask + 1);
};
}  // namespace cambium
