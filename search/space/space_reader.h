// Reads `space:` and `where:`:
//   space:
//     model.1.pattern: {pattern: ADMHF, length: 4..12}
//     vars.heads: [2, 4, 8]
//     vars.depth: {int: [2, 12], step: 2}
//     train.optimizer.adamw.lr: {log: [1e-4, 1e-2]}
//     model.1.A.residual.1.attention.window: {when: "pattern has A", values: [0, 32, 64]}
//   where: ["dim % heads == 0"]
#pragma once
#include "search/space/space.h"

namespace cambium {
// The dimensions alone. UserErrors with places.
std::vector<Dimension> read_dimensions(const Yaml& space, const Vars& vars);

// A condition or a list of them; null: none.
std::vector<Condition> read_where(const Yaml* where);

// A copy of the spec's tree with the point's values at their paths. UserError for a path that
// cannot be set.
Yaml apply_point(const Yaml& root, const Space& space, const SpacePoint& p);
}  // namespace cambium
