#include "viz/model/heat.h"

#include <algorithm>
#include <tuple>

namespace cambium {
namespace {
using Scopes = std::map<std::string, int, std::less<>>;

Scopes scopes_of(const Hierarchy& h) {
  Scopes out;
  for (int b = 0; b < int(h.branches.size()); ++b)
    if (h.at(b).box.kind == BoxKind::kBlock) out.emplace(h.at(b).box.path, b);
  return out;
}

// The innermost drawn scope of a path; -1 when its first segment is not drawn.
int scope_at(const Scopes& scopes, std::string_view path) {
  while (true) {
    if (const auto it = scopes.find(path); it != scopes.end()) return it->second;
    const size_t dot = path.rfind('.');
    if (dot == path.npos) return -1;
    path = path.substr(0, dot);
  }
}

// Where the time of an operator's kernels belongs inside their scope: leaves, or the scope itself.
std::vector<int> places_for(const Hierarchy& h, int scope, std::string_view op) {
  std::vector<int> leaves, weighted, named;
  size_t longest = 0;
  for (int child : h.at(scope).children) {
    const Box& b = h.at(child).box;
    if (b.kind != BoxKind::kOp) continue;
    leaves.push_back(child);
    if (b.parameters > 0) weighted.push_back(child);
    if (b.op.size() < longest || !(op == b.op || op.starts_with(b.op + "_"))) continue;
    if (b.op.size() > longest) named.clear();
    longest = b.op.size();
    named.push_back(child);
  }
  if (!named.empty()) return named;
  if (leaves.size() == 1) return leaves;
  return weighted.size() == 1 ? weighted : std::vector<int>{scope};
}

void add_time(Hierarchy& h, int branch, double ms) {
  for (int b = branch; b >= 0; b = h.at(b).box.parent) h.at(b).box.ms += ms;
}

// Two gelus of one scope run in order, their gradients in the opposite one. Where a pass has merged
// or fused some of them, nobody can say which: they share.
void spread(Hierarchy& h, const std::vector<int>& places,
            const std::vector<const KernelTime*>& kernels) {
  const size_t n = kernels.size(), m = places.size();
  for (size_t i = 0; i < n; ++i) {
    const KernelTime& k = *kernels[i];
    const size_t at = i * m / n;
    if (n % m == 0)
      add_time(h, places[k.phase == Phase::kBackward ? m - 1 - at : at], k.ms);
    else
      for (int place : places) add_time(h, place, k.ms / double(m));
  }
}
}  // namespace

void add_heat(Hierarchy& h, const Profile& profile) {
  const Scopes scopes = scopes_of(h);
  std::map<std::tuple<int, std::string, Phase>, std::vector<const KernelTime*>> groups;
  for (const KernelTime& k : profile.kernels) {
    const int scope = scope_at(scopes, k.path);
    if (scope < 0) continue;
    if (h.at(scope).box.path == k.path)
      groups[{scope, k.op, k.phase}].push_back(&k);
    else  // of an inner scope that is not drawn: none of these leaves
      add_time(h, scope, k.ms);
  }
  for (const auto& [key, kernels] : groups)
    spread(h, places_for(h, std::get<0>(key), std::get<1>(key)), kernels);
}

Heat heat_of(const Hierarchy& h, const Profile& profile) {
  Heat heat{.step_ms = profile.step_ms};
  const Scopes scopes = scopes_of(h);
  for (const KernelTime& k : profile.kernels) {
    if (scope_at(scopes, k.path) >= 0) continue;
    const std::string name = k.path.substr(0, k.path.find('.'));
    const auto known =
        std::ranges::find(heat.elsewhere, name, &std::pair<std::string, double>::first);
    if (known == heat.elsewhere.end())
      heat.elsewhere.emplace_back(name, k.ms);
    else
      known->second += k.ms;
  }
  heat.elsewhere.emplace_back("outside kernels", profile.outside_ms);
  return heat;
}
}  // namespace cambium
