// Clusters: drafts that were found alike, and which of each cluster stay.
#pragma once
#include <functional>
#include <map>
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
  bool dropped = false;
};

// `pairs` sorted by `later`, then `earlier`. A draft is dropped only where it is like one that
// stays: chains of unlike drafts keep every other one. The answer is sorted by place.
std::vector<ClusterMember> decide_clusters(const std::vector<AlikePair>& pairs);

// Sizes and how loose they are, for people: numbers of clusters by size, the largest, how many
// hold unlike drafts that both stay.
// The least similarity is that of pairs that were compared, and not told where none was.
Json clusters_json(const std::vector<ClusterMember>& members, const std::vector<AlikePair>& pairs,
                   bool compared = true);
}  // namespace cambium
