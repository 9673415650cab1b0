// Patterns of a search: letters that are blocks of the base beside the pattern, and a `repeat` that
// is as long as the pattern it gets.
#pragma once
#include "core/yaml/spec.h"
#include "search/space/space.h"

namespace cambium {
// UserError at the dimension: its path ends in no pattern of the spec, or a letter of it has no
// blocks there.
void check_pattern_letters(const Dimension& pattern, const Yaml& base);

// The spec's tree with the point's values at their paths. UserErrors for paths that cannot be set.
Yaml apply_model_point(const Yaml& base, const Space& space, const SpacePoint& p);

// The point with every letter of the pattern replaced by one.
SpacePoint of_one_letter(const SpacePoint& p, size_t pattern, char letter);
}  // namespace cambium
