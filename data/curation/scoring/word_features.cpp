#include "data/curation/scoring/word_features.h"

#include <algorithm>
#include <string>

#include "core/xxhash.h"
#include "data/curation/likeness/normal_text.h"

namespace cambium {
void features_of(std::string_view text, const FeatureOptions& options,
                 std::vector<uint32_t>& places) {
  thread_local std::string normal;
  thread_local std::vector<size_t> begins;
  places.clear();
  normalise_words(text, normal);
  if (normal.empty()) return;
  begins.clear();
  for (size_t i = 0; i < normal.size(); ++i) {
    const bool begin =
        options.characters ? (uint8_t(normal[i]) & 0xC0) != 0x80 : i == 0 || normal[i - 1] == ' ';
    if (begin) begins.push_back(i);
  }
  const size_t units = begins.size(), gap = options.characters ? 0 : 1;  // the space behind a word
  begins.push_back(normal.size() + gap);
  const std::string_view all = normal;
  for (size_t i = 0; i < units; ++i)
    for (size_t n = 1; n <= size_t(options.ngram) && i + n <= units; ++n) {
      const uint64_t hash = content_hash(all.substr(begins[i], begins[i + n] - gap - begins[i]), n);
      places.push_back(uint32_t((unsigned __int128)(hash)*uint64_t(options.places) >> 64));
    }
  std::ranges::sort(places);
  places.erase(std::ranges::unique(places).begin(), places.end());
}
}  // namespace cambium
