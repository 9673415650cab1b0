// Expand: a spec with every default written out.
#pragma once
#include "core/yaml/spec.h"

namespace cambium {
// The merged spec as YAML. Options that are given stay as they are written; options that are not
// are added with their defaults; blocks inside blocks and definitions are expanded too.
Yaml expanded(const Spec& spec);
}  // namespace cambium
