// Spec: a spec file after `extends:` and `--set`, split into its sections; nothing is interpreted
// yet.
#pragma once
#include <span>
#include <string>

#include "core/yaml/expr.h"
#include "core/yaml/yaml.h"

namespace cambium {
struct Spec {
  std::string file;
  Yaml root;  // the merged tree; marks still point into the file each piece came from

  // The section's tree, or null. Sections: vars, data, model, train, define, precision; in a study:
  // base, variants, match, budget, seeds, metric ...
  const Yaml* section(std::string_view name) const { return root.find(name); }
};

// Reads the file, merges what it `extends` (maps merge, everything else replaces; cycles are
// errors; relative to the file that says it), then applies "a.b.2.c=value" overrides. A key in an
// override path must exist or be addable to a map; values are YAML; null (~ or nothing) removes a
// key. UserError(s) with marks; an
// override's mark says so (Mark::override) and has its number as the line.
Spec load_spec(const std::string& path, std::span<const std::string> overrides = {});

// The overrides alone, for the variants of a study: path -> value, marks from the study file.
void apply_override(Yaml& root, std::string_view path, const Yaml& value, const Mark& path_mark);

Vars vars_of(const Spec& spec);  // the `vars:` section

// A stable text of the merged tree without marks, for hashing: equal specs, equal texts.
std::string canonical_text(const Yaml& tree);
}  // namespace cambium
