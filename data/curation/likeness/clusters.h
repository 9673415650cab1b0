// Clusters: drafts that were found alike, and which of each cluster stay.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "core/text/json.h"

namespace cambium {
// A draft, ordered as drafts stay: by the rank of its source, its part, its index.
struct RankedPlace {
  uint64_t rank_part = 0, index = 0;

  auto operator<=>(const RankedPlace&) const = default;

  int64_t part() const { return int64_t(rank_part & UINT32_MAX); }
};

struct AlikePair {
  RankedPlace later, earlier;
  double similarity = 1;
};

struct ClusterMember {
  RankedPlace place, first;  // the cluster's least
  uint64_t key = 0;          // of the first, once they were asked for
  bool dropped = false;
};

// All pairs are told twice, so that none must be held: about 30 bytes for each draft in them, and
// no more than twice that while they are told the first time.
class Clusters {
 public:
  // `parts`: the RankedPlace::rank_part of all drafts that may come.
  explicit Clusters(std::vector<uint64_t> parts);

  void expect(const AlikePair& pair);  // first of all pairs, in any order

  // Then of the same, sorted by `later`, then `earlier`. A draft is dropped only where it is like
  // one that stays: chains of unlike drafts keep every other one.
  void join(const AlikePair& pair);

  // Behind the last join(): asks for the keys of first drafts, in their order.
  void finish(const std::function<uint64_t(const RankedPlace&)>& key_of);

  // The drafts of one part, in their order.
  std::vector<ClusterMember> members_of(uint64_t rank_part) const;

  // Sizes and how loose they are, for people: numbers of clusters by size, the largest, how many
  // hold unlike drafts that both stay. The least similarity is that of pairs that were compared,
  // and not told where none was.
  Json json(bool compared = true) const;

 private:
  uint64_t number_of(const RankedPlace& p) const;
  RankedPlace place_of(uint64_t number) const;
  uint32_t index_of(const RankedPlace& p);
  uint32_t root(uint32_t i);
  void sort_places();

  std::vector<uint64_t> parts_;   // sorted
  std::vector<uint64_t> places_;  // number of the part << 32 | index; once sorted, each once
  size_t sorted_ = 0;             // how many of places_ are
  std::vector<uint32_t>
      first_;  // of each place: one before it in its cluster, in the end the first
  std::vector<bool> dropped_;
  std::vector<uint64_t> keys_;  // of first drafts
  double loosest_ = 1;
};
}  // namespace cambium
