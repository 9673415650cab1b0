// Settings: in what specs differ, those of a study's variants or of a run and what it would go on
// with.
#pragma once
#include <string>
#include <vector>

#include "core/yaml/spec.h"

namespace cambium {
struct DifferingSetting {
  std::string path;                 // "train.epochs", "model.1.pattern"
  std::vector<std::string> values;  // one a spec, in one line; "-" where the spec has none
};

// In the order of the first spec, then of the others. Maps without a common key, lists of different
// lengths, and what only some specs have count as one setting.
std::vector<DifferingSetting> differing_settings(const std::vector<const Spec*>& specs);

// What a run may change when it goes on: what it shows and how it computes, not what comes out.
bool changes_nothing(const DifferingSetting& s);

// "train.seed (was not set, is 3), train.steps (was 20, is 40)"; without what a run may change when
// it goes on. Empty when nothing differs.
std::string changed_settings(const Spec& was, const Spec& is);
}  // namespace cambium
