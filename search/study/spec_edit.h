// Spec edit: what planning changes of a spec.
#pragma once
#include <span>

#include "core/yaml/spec.h"

namespace cambium {
// A value as a file would say it: "64", "val.loss".
Yaml scalar_yaml(std::string text);

// Sets train.<key>; the section is made when the spec has none.
void set_train(Yaml& root, std::string_view key, std::string text, const Mark& mark = {});

void drop_train(Yaml& root, std::string_view key);

// The spec with the seed under every path of `vary` (Study::vary), whose marks errors carry.
// UserError when the spec has no such path.
Spec with_seed(Spec spec, std::span<const YamlEntry> vary, int64_t seed);
}  // namespace cambium
