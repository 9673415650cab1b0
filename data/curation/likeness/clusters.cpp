#include "data/curation/likeness/clusters.h"

#include <algorithm>
#include <map>

#include "core/error.h"

namespace cambium {
Clusters::Clusters(std::vector<uint64_t> parts) : parts_(std::move(parts)) {
  std::ranges::sort(parts_);
  parts_.erase(std::ranges::unique(parts_).begin(), parts_.end());
}

uint64_t Clusters::number_of(const RankedPlace& p) const {
  const auto part = std::ranges::lower_bound(parts_, p.rank_part);
  ensure(part != parts_.end() && *part == p.rank_part && p.index <= UINT32_MAX,
         "a draft of an unknown part");
  return uint64_t(part - parts_.begin()) << 32 | p.index;
}

RankedPlace Clusters::place_of(uint64_t number) const {
  return {parts_[size_t(number >> 32)], number & UINT32_MAX};
}

void Clusters::sort_places() {
  std::ranges::sort(places_);
  places_.erase(std::ranges::unique(places_).begin(), places_.end());
  ensure(places_.size() < UINT32_MAX, "more like drafts than 32 bits count");
  sorted_ = places_.size();
}

void Clusters::expect(const AlikePair& pair) {
  places_.push_back(number_of(pair.later));
  places_.push_back(number_of(pair.earlier));
  if (places_.size() >= 2 * sorted_ + (1 << 20)) sort_places();
}

uint32_t Clusters::index_of(const RankedPlace& p) {
  const uint64_t number = number_of(p);
  const auto at = std::ranges::lower_bound(places_, number);
  ensure(at != places_.end() && *at == number, "a pair that nobody expected");
  return uint32_t(at - places_.begin());
}

// Union by the least place, so that a root is its cluster's first.
uint32_t Clusters::root(uint32_t i) {
  while (first_[i] != i) i = first_[i] = first_[first_[i]];
  return i;
}

void Clusters::join(const AlikePair& pair) {
  if (first_.empty()) {
    sort_places();
    places_.shrink_to_fit();
    first_.resize(places_.size());
    for (uint32_t i = 0; i < first_.size(); ++i) first_[i] = i;
    dropped_.resize(places_.size());
  }
  const uint32_t later = index_of(pair.later), earlier = index_of(pair.earlier);
  if (!dropped_[earlier]) dropped_[later] = true;
  const uint32_t a = root(later), b = root(earlier);
  first_[std::max(a, b)] = std::min(a, b);
  loosest_ = std::min(loosest_, pair.similarity);
}

void Clusters::finish(const std::function<uint64_t(const RankedPlace&)>& key_of) {
  keys_.resize(first_.size());
  for (uint32_t i = 0; i < first_.size(); ++i) {
    first_[i] = root(i);
    if (first_[i] == i) keys_[i] = key_of(place_of(places_[i]));
  }
}

std::vector<ClusterMember> Clusters::members_of(uint64_t rank_part) const {
  std::vector<ClusterMember> members;
  if (first_.empty()) return members;
  const auto part = std::ranges::lower_bound(parts_, rank_part);
  if (part == parts_.end() || *part != rank_part) return members;
  const auto begin = uint64_t(part - parts_.begin()) << 32;
  for (auto at = std::ranges::lower_bound(places_, begin);
       at != places_.end() && *at <= (begin | UINT32_MAX); ++at) {
    const auto i = size_t(at - places_.begin());
    const uint32_t first = first_[i];
    members.push_back({place_of(*at), place_of(places_[first]), keys_[first], dropped_[i]});
  }
  return members;
}

Json Clusters::json(bool compared) const {
  std::vector<uint32_t> size(first_.size()), kept(first_.size());
  for (size_t i = 0; i < first_.size(); ++i) {
    ++size[first_[i]];
    kept[first_[i]] += !dropped_[i];
  }
  std::map<int64_t, int64_t> sizes;
  int64_t clusters = 0, largest = 0, chains = 0;
  for (size_t i = 0; i < first_.size(); ++i) {
    if (size[i] == 0) continue;
    ++clusters;
    ++sizes[size[i]];
    largest = std::max<int64_t>(largest, size[i]);
    chains += kept[i] > 1;
  }
  Json by_size = Json::object();
  for (const auto& [members, n] : sizes) by_size[std::to_string(members)] = n;
  return {{"clusters", clusters},
          {"largest", largest},
          {"by_size", by_size},
          {"with_unlike_members", chains},
          {"least_similarity", compared && clusters > 0 ? Json(loosest_) : Json()}};
}
}  // namespace cambium
