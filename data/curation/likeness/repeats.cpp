#include "data/curation/likeness/repeats.h"

#include <algorithm>
#include <bit>

#include "core/xxhash.h"

namespace cambium {
void SeenHashes::clear(size_t expected) {
  const size_t room = std::bit_ceil(std::max<size_t>(64, 2 * expected));
  if (room > slots_.size()) {
    slots_.assign(room, {});
    round_ = 0;
  }
  ++round_;
}

uint32_t SeenHashes::add(uint64_t hash) {
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.round != round_) {
      slot = {hash, 1, round_};
      return 1;
    }
    if (slot.hash == hash) return ++slot.count;
  }
}

Repeats repeats_of(std::span<const std::string_view> pieces) {
  thread_local SeenHashes seen;
  seen.clear(pieces.size());
  Repeats out;
  for (const std::string_view piece : pieces) {
    if (seen.add(content_hash(piece)) == 1) continue;
    ++out.pieces;
    out.bytes += int64_t(piece.size());
  }
  return out;
}

void WordRuns::set(std::span<const std::string_view> words) {
  hashes_.clear();
  ends_.assign(1, 0);
  for (const std::string_view word : words) {
    hashes_.push_back(content_hash(word) | 1);
    ends_.push_back(ends_.back() + int64_t(word.size()));
  }
}

// Of the words in their order; odd multipliers keep all bits.
uint64_t WordRuns::hash_of(size_t first, int64_t n) const {
  uint64_t h = 0;
  for (size_t i = first; i < first + size_t(n); ++i)
    h = std::rotl((h ^ hashes_[i]) * 0x9E3779B97F4A7C15u, 31);
  return h ^ (h >> 32);
}

int64_t WordRuns::most_frequent(int64_t n) {
  const int64_t runs = int64_t(hashes_.size()) - n + 1;
  if (runs < 2) return 0;
  seen_.clear(size_t(runs));
  uint32_t most = 1;
  int64_t bytes = 0;
  for (int64_t i = 0; i < runs; ++i) {
    const uint32_t times = seen_.add(hash_of(size_t(i), n));
    if (times <= most) continue;
    most = times;
    bytes = ends_[size_t(i + n)] - ends_[size_t(i)] + n - 1;
  }
  return bytes * most;
}

int64_t WordRuns::repeated(int64_t n) {
  const int64_t runs = int64_t(hashes_.size()) - n + 1;
  if (runs < 2) return 0;
  seen_.clear(size_t(runs));
  int64_t bytes = 0;
  for (int64_t i = 0; i < runs;) {
    if (seen_.add(hash_of(size_t(i), n)) == 1) {
      ++i;
      continue;
    }
    bytes += ends_[size_t(i + n)] - ends_[size_t(i)];
    i += n;
  }
  return bytes;
}
}  // namespace cambium
