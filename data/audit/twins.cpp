#include "data/audit/twins.h"

#include <algorithm>
#include <numeric>

#include "core/system/files.h"
#include "data/curation/likeness/near_pairs.h"

namespace cambium {
namespace {
std::vector<std::vector<size_t>> equal_groups(const Records& records) {
  std::vector<size_t> order(records.documents.size());
  std::iota(order.begin(), order.end(), 0);
  const auto hash = [&](size_t i) { return records.documents[i].hash; };
  std::ranges::stable_sort(order, {}, hash);
  std::vector<std::vector<size_t>> groups;
  for (size_t first = 0; first < order.size();) {
    size_t end = first + 1;
    while (end < order.size() && hash(order[end]) == hash(order[first])) ++end;
    if (end - first > 1)
      groups.emplace_back(order.begin() + long(first), order.begin() + long(end));
    first = end;
  }
  std::ranges::sort(groups);
  return groups;
}
}  // namespace

Twins find_twins(const Records& records, bool near, const std::string& folder,
                 const Workers& workers) {
  Twins out{.equal = equal_groups(records)};
  if (!near || records.documents.empty()) return out;
  make_folders(folder);
  NearOptions options{.similarity = kAlike};
  for (size_t i = 0; i < records.staged.sources.size(); ++i) options.ranks.push_back(int64_t(i));
  const NearPairs found = find_near_pairs(records.staged, options, folder, workers);
  const auto at = [&](const RankedPlace& p) {
    return records.begins[size_t(p.part())] + size_t(p.index);
  };
  found.each([&](const AlikePair& p) {
    out.alike.push_back(std::minmax({at(p.earlier), at(p.later)}));
  });
  std::ranges::sort(out.alike);
  out.compared = true;
  out.candidates = found.candidates();
  out.capped = found.capped();
  return out;
}

std::vector<uint8_t> twin_flags(const Twins& twins, const AuditSlicing& slicing) {
  std::vector<uint8_t> flags(slicing.of.size());
  std::vector<size_t> counts(slicing.values.size());
  for (const std::vector<size_t>& group : twins.equal) {
    for (const size_t i : group)
      if (counts[slicing.of[i]]++ > 0) flags[i] |= kRepeat;
    for (const size_t i : group) {
      const size_t mine = counts[slicing.of[i]];
      if (mine > 1) flags[i] |= kEqualWithin | kAlikeWithin;
      if (mine < group.size()) flags[i] |= kEqualAcross | kAlikeAcross;
    }
    for (const size_t i : group) counts[slicing.of[i]] = 0;
  }
  for (const auto& [a, b] : twins.alike) {
    const uint8_t flag = slicing.of[a] == slicing.of[b] ? kAlikeWithin : kAlikeAcross;
    flags[a] |= flag;
    flags[b] |= flag;
  }
  return flags;
}
}  // namespace cambium
