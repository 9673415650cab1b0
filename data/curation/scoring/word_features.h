// Word features: which runs of words, or of characters, a text holds, as places of a table.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace cambium {
struct FeatureOptions {
  int64_t ngram = 2;        // units of the longest run
  bool characters = false;  // units are characters; else words
  int64_t places = 1 << 20;
};

// Sorted, each once. Case of ASCII and everything but letters and digits do not count (what is
// beyond ASCII counts as letters). Runs that hash to one place are one feature.
void features_of(std::string_view text, const FeatureOptions& options,
                 std::vector<uint32_t>& places);
}  // namespace cambium
