#include "data/curation/likeness/clusters.h"

#include <algorithm>

namespace cambium {
namespace {
// Union by the least place, so that a root is its cluster's first.
class Forest {
 public:
  explicit Forest(std::vector<RankedPlace> places)
      : places_(std::move(places)), parent_(places_.size()) {
    for (size_t i = 0; i < parent_.size(); ++i) parent_[i] = i;
  }

  size_t index_of(const RankedPlace& p) const {
    return size_t(std::ranges::lower_bound(places_, p) - places_.begin());
  }

  size_t root(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }

  void join(size_t a, size_t b) {
    a = root(a);
    b = root(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

  const std::vector<RankedPlace>& places() const { return places_; }

 private:
  std::vector<RankedPlace> places_;
  std::vector<size_t> parent_;
};

Forest forest_of(const std::vector<AlikePair>& pairs) {
  std::vector<RankedPlace> places;
  for (const AlikePair& p : pairs) {
    places.push_back(p.later);
    places.push_back(p.earlier);
  }
  std::ranges::sort(places);
  places.erase(std::ranges::unique(places).begin(), places.end());
  return Forest(std::move(places));
}
}  // namespace

std::vector<ClusterMember> decide_clusters(const std::vector<AlikePair>& pairs) {
  Forest forest = forest_of(pairs);
  std::vector<bool> dropped(forest.places().size());
  for (const AlikePair& p : pairs) {
    const size_t later = forest.index_of(p.later), earlier = forest.index_of(p.earlier);
    if (!dropped[earlier]) dropped[later] = true;
    forest.join(later, earlier);
  }
  std::vector<ClusterMember> members;
  for (size_t i = 0; i < dropped.size(); ++i)
    members.push_back({forest.places()[i], forest.places()[forest.root(i)], dropped[i]});
  return members;
}

Json clusters_json(const std::vector<ClusterMember>& members, const std::vector<AlikePair>& pairs,
                   bool compared) {
  struct Cluster {
    int64_t size = 0, kept = 0;
    double loosest = 1;
  };

  std::map<RankedPlace, Cluster> clusters;
  std::map<RankedPlace, RankedPlace> first;
  for (const ClusterMember& m : members) {
    Cluster& c = clusters[m.first];
    ++c.size;
    c.kept += !m.dropped;
    first[m.place] = m.first;
  }
  for (const AlikePair& p : pairs) {
    double& loosest = clusters[first[p.later]].loosest;
    loosest = std::min(loosest, p.similarity);
  }
  std::map<int64_t, int64_t> sizes;
  int64_t largest = 0, chains = 0;
  double loosest = 1;
  for (const auto& [place, c] : clusters) {
    ++sizes[c.size];
    largest = std::max(largest, c.size);
    chains += c.kept > 1;
    loosest = std::min(loosest, c.loosest);
  }
  Json by_size = Json::object();
  for (const auto& [size, n] : sizes) by_size[std::to_string(size)] = n;
  return {{"clusters", clusters.size()},
          {"largest", largest},
          {"by_size", by_size},
          {"with_unlike_members", chains},
          {"least_similarity", compared && !pairs.empty() ? Json(loosest) : Json()}};
}
}  // namespace cambium
