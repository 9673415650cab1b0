// Recipe source: one entry of `sources:`, and the values that stand in recipes.
#pragma once
#include "data/recipe/recipe.h"

namespace cambium {
// {docs: {path: "docs/*.txt", meta: {lang: $.lang}}}, or the path alone. UserErrors; of plain
// options all that are wrong go to `errors`.
RecipeSource read_recipe_source(const YamlEntry& e, const Vars& vars, Diagnostics& errors);

// A text or a list of texts. UserError for anything else.
std::vector<std::string> recipe_texts(const Yaml& value, std::string_view what);

// A whole number from `least` on, such as 64M. UserError for anything else.
int64_t whole_bytes_of(const Yaml& value, const Vars& vars, std::string_view what, int64_t least);
}  // namespace cambium
