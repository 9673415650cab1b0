// Suggestions for misspelt names.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
// Optimal string alignment distance (an adjacent swap counts 1).
int edit_distance(std::string_view a, std::string_view b);

// At most three known names: those that mean `word` (core/text/synonyms.h), else those within
// distance max(1, length / 3) of it, nearest first, else those that begin with it.
std::vector<std::string> nearest_names(std::string_view word, std::span<const std::string> known);

// "did you mean 'relu' or 'relu2'?", or, when nothing is near, "known: a, b, c".
std::string suggestion(std::string_view word, std::span<const std::string> known);

// "a, b and c"
std::string join_names(std::span<const std::string> names, std::string_view last = " and ");
}  // namespace cambium
