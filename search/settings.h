// Settings: in what the specs of a study's variants differ.
#pragma once
#include <string>
#include <vector>

#include "core/spec.h"

namespace cambium {
struct DifferingSetting {
  std::string path;                 // "train.epochs", "model.1.pattern"
  std::vector<std::string> values;  // one a spec, in one line; "-" where the spec has none
};

// In the order of the first spec, then of the others. Maps without a common key, lists of different
// lengths, and what only some specs have count as one setting.
std::vector<DifferingSetting> differing_settings(const std::vector<const Spec*>& specs);
}  // namespace cambium
