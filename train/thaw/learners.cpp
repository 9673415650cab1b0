#include "train/thaw/learners.h"

#include <algorithm>

#include "train/thaw/unfreeze.h"

namespace cambium {
std::vector<const Node*> learners_of(const Experiment& e, int64_t batch) {
  Diagnostics reported;  // by check_unfreeze
  const std::vector<UnfreezeRule> rules = parse_unfreeze(e.spec, e.vars, reported);
  std::vector<const Node*> out;
  for (const Node& n : model_of(e, batch, true).graph.nodes()) {
    if (n.role != Role::kParameter) continue;
    const bool later = std::ranges::any_of(
        rules, [&](const UnfreezeRule& r) { return meets(r.match.text, n.scope.path); });
    if (!n.parameter.frozen || later) out.push_back(&n);
  }
  return out;
}

std::vector<std::string> names_of_learners(const Experiment& e, int64_t batch) {
  std::vector<std::string> names;
  for (const Node* n : learners_of(e, batch)) names.push_back(n->scope.path);
  return names;
}
}  // namespace cambium
