#include "data/curation/support/step.h"

#include <algorithm>

#include "core/text/suggest.h"

namespace cambium {
std::vector<int64_t> ranks_of(std::span<const std::string> prefer, const StepPlace& place) {
  std::vector<int64_t> ranks;
  for (size_t i = 0; i < place.sources.size(); ++i) ranks.push_back(int64_t(prefer.size() + i));
  for (size_t i = 0; i < prefer.size(); ++i) {
    const auto at = std::ranges::find(place.sources, prefer[i]);
    if (at == place.sources.end())
      throw OptionError("prefer", str("there is no source '", prefer[i], "'"),
                        suggestion(prefer[i], place.sources));
    int64_t& rank = ranks[size_t(at - place.sources.begin())];
    if (rank < int64_t(prefer.size()))
      throw OptionError("prefer", str("source '", prefer[i], "' stands twice"));
    rank = int64_t(i);
  }
  if (!place.appends) return ranks;
  for (int64_t& rank : ranks) ++rank;
  ranks.push_back(0);
  return ranks;
}
}  // namespace cambium
