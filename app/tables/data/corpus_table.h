// Corpus table: what a corpus holds and what each step did to it, as people read it.
#pragma once
#include "data/assembly/manifest.h"
#include "data/recipe/recipe.h"

namespace cambium {
std::string shares_table(const Manifest& manifest);  // documents and bytes by source and split
std::string version_line(const Manifest& manifest);  // empty of a first version
std::string steps_table(const Manifest& manifest);   // by step and rule: kept, dropped, changed
// Ten texts that each rule dropped or changed; of one rule where `rule` is not empty.
std::string samples_text(const Manifest& manifest, const std::string& rule = {});

// What `check` says of a good one.
std::string recipe_line(const Recipe& recipe);

std::string excerpt(const std::string& text);  // the beginning, on one line

// Lines of YAML that only one of the two has, behind - and +.
std::string recipe_difference(const std::string& first, const std::string& second);
}  // namespace cambium
