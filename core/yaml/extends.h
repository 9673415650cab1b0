// Extends: a spec file merged with the files that it names under `extends:`.
#pragma once
#include <string>

#include "core/yaml/yaml.h"

namespace cambium {
// Maps merge key by key, in the order of the list and the file itself last; everything else is
// replaced. Paths are relative to the file that says them. UserError with a mark for a circle, a
// missing file, files that extend one another through more than 32 levels, or more than 400,000
// merged values. A file that several others extend is read once.
Yaml load_extended(const std::string& path);
}  // namespace cambium
