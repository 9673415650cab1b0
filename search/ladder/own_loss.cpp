#include "search/ladder/own_loss.h"

#include <algorithm>

namespace cambium {
std::vector<FoundFloor> floors_beside(const LadderPlan& plan, const ScaleAnswer& laws) {
  std::vector<FoundFloor> out;
  const auto floor = std::ranges::find(laws.law->parameters, "E", &LawParameter::name);
  if (!plan.own_loss || floor == laws.law->parameters.end()) return out;
  const auto place = size_t(floor - laws.law->parameters.begin());
  for (const GroupAnswer& g : laws.groups) {
    if (g.failure) continue;
    out.push_back({g.name, {}});
    if (place < g.parameters.size()) out.back().floor = g.parameters[place];
  }
  return out;
}
}  // namespace cambium
