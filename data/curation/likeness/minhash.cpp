#include "data/curation/likeness/minhash.h"

#include <algorithm>

#include "core/rng.h"
#include "core/system/parallel.h"
#include "core/xxhash.h"
#include "data/curation/likeness/normal_text.h"

namespace cambium {
namespace {
// Where each unit begins, and the end of the text.
void find_units(std::string_view text, bool characters, std::vector<size_t>& begins) {
  begins.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begin =
        characters ? (uint8_t(text[i]) & 0xC0) != 0x80 : i == 0 || text[i - 1] == ' ';
    if (begin) begins.push_back(i);
  }
  begins.push_back(text.size() + (characters ? 0 : 1));
}

// The least (x ^ salt) * factor of each row: an order of all hashes for each.
CAMBIUM_SIMD void least_of(const uint64_t* shingles, size_t count, const uint64_t* salts,
                           const uint64_t* factors, uint64_t* least, size_t rows) {
  for (size_t k = 0; k < count; ++k) {
    const uint64_t x = shingles[k];
    for (size_t r = 0; r < rows; ++r) {
      const uint64_t h = (x ^ salts[r]) * factors[r];
      least[r] = h < least[r] ? h : least[r];
    }
  }
}
}  // namespace

void shingles_of(std::string_view text, const ShingleOptions& options,
                 std::vector<uint64_t>& shingles) {
  thread_local std::string normal;
  thread_local std::vector<size_t> begins;
  shingles.clear();
  normalise_words(text, normal);
  if (normal.empty()) {  // without a word: like what is equal to it
    if (!text.empty()) shingles.push_back(content_hash(text));
    return;
  }
  find_units(normal, options.characters, begins);
  const size_t units = begins.size() - 1, n = std::min(units, size_t(options.ngram));
  const std::string_view all = normal;
  const size_t gap = options.characters ? 0 : 1;  // the space behind a word
  for (size_t i = 0; i + n <= units; ++i)
    shingles.push_back(content_hash(all.substr(begins[i], begins[i + n] - gap - begins[i])));
  std::ranges::sort(shingles);
  shingles.erase(std::ranges::unique(shingles).begin(), shingles.end());
}

double jaccard(std::span<const uint64_t> a, std::span<const uint64_t> b) {
  if (a.empty() && b.empty()) return 1;
  size_t i = 0, j = 0, both = 0;
  while (i < a.size() && j < b.size()) {
    both += a[i] == b[j];
    const bool forward = a[i] <= b[j], other = b[j] <= a[i];
    i += forward;
    j += other;
  }
  return double(both) / double(a.size() + b.size() - both);
}

MinHash::MinHash(int64_t bands, int64_t rows) : bands_(bands), rows_(rows) {
  Random random(0, stream_of("minhash"));
  for (int64_t i = 0; i < bands * rows; ++i) {
    const uint64_t a = random.bits(), b = random.bits(), c = random.bits(), d = random.bits();
    salts_.push_back(a << 32 | b);
    factors_.push_back(c << 32 | d | 1);
  }
}

void MinHash::bands_of(std::span<const uint64_t> shingles, std::vector<uint64_t>& bands) const {
  thread_local std::vector<uint64_t> least;
  least.assign(salts_.size(), UINT64_MAX);
  least_of(shingles.data(), shingles.size(), salts_.data(), factors_.data(), least.data(),
           least.size());
  bands.clear();
  const auto* bytes = reinterpret_cast<const char*>(least.data());
  const size_t width = size_t(rows_) * sizeof(uint64_t);
  for (int64_t b = 0; b < bands_; ++b)
    bands.push_back(content_hash({bytes + size_t(b) * width, width}, uint64_t(b) + 1));
}
}  // namespace cambium
