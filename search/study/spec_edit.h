// Spec edit: what planning changes of a spec.
#pragma once
#include <span>

#include "core/yaml/spec.h"

namespace cambium {
// A value as a file would say it: "64", "val.loss".
Yaml scalar_yaml(std::string text);

// The value below `node` at the first part of `path`, which is taken off; null where there is none.
const Yaml* step_down(const Yaml& node, std::string_view& path);

// The value at a path such as model.1.pattern; null where there is none.
const Yaml* value_at_path(const Yaml& root, std::string_view path);

// UserError at the mark when the path is a variable, such as vars.dim, that the spec does not
// declare: an override would add it, and nothing would read it.
void require_variable(const Spec& spec, std::string_view path, const Mark& mark = {});

// Sets train.<key>; the section is made when the spec has none.
void set_train(Yaml& root, std::string_view key, std::string text, const Mark& mark = {});

void drop_train(Yaml& root, std::string_view key);

// The spec with the seed under every path of `vary` (Study::vary), whose marks errors carry.
// UserError when the spec has no such path.
Spec with_seed(Spec spec, std::span<const YamlEntry> vary, int64_t seed);
}  // namespace cambium
