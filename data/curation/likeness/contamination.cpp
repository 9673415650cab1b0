#include "data/curation/likeness/contamination.h"

#include <algorithm>

#include "core/xxhash.h"
#include "data/curation/likeness/normal_text.h"
#include "data/curation/support/words.h"

namespace cambium {
namespace {
// Words of a normalised text stand one space apart, so that a run of them is a stretch of it.
uint64_t run_hash(std::span<const std::string_view> words, size_t first, size_t n) {
  const char* begin = words[first].data();
  const std::string_view& last = words[first + n - 1];
  return content_hash({begin, size_t(last.data() + last.size() - begin)});
}
}  // namespace

void ContaminationIndex::add(std::string_view text, int64_t set) {
  std::string normal;
  normalise_words(text, normal);
  std::vector<std::string_view> words;
  split_words(normal, words);
  if (words.empty()) return;
  ++count_;
  if (int64_t(words.size()) < std::max(options_.whole, options_.ngram))
    return add_whole(words, set);
  const auto n = size_t(options_.ngram);
  std::vector<uint64_t> runs;
  for (size_t i = 0; i + n <= words.size(); ++i) runs.push_back(run_hash(words, i, n));
  std::ranges::sort(runs);
  runs.erase(std::ranges::unique(runs).begin(), runs.end());
  for (const uint64_t run : runs) texts_of_[run].push_back(uint32_t(texts_.size()));
  texts_.push_back({set, int64_t(runs.size())});
}

void ContaminationIndex::add_whole(std::span<const std::string_view> words, int64_t set) {
  whole_[words.size()].emplace(run_hash(words, 0, words.size()), set);
}

// Texts of fewer words than a run must be the whole of this one.
bool ContaminationIndex::find_whole(std::span<const std::string_view> words, Hit& best) const {
  for (const auto& [n, texts] : whole_) {
    if (n > words.size() || (int64_t(n) < options_.ngram && n != words.size())) continue;
    for (size_t i = 0; i + n <= words.size(); ++i)
      if (const auto t = texts.find(run_hash(words, i, n)); t != texts.end()) {
        best = {t->second, 1, double(n) / double(words.size())};
        return true;
      }
  }
  return false;
}

ContaminationIndex::Hit ContaminationIndex::find(std::string_view text) const {
  thread_local std::string normal;
  thread_local std::vector<std::string_view> words;
  normalise_words(text, normal);
  split_words(normal, words);
  Hit best;
  if (words.empty() || find_whole(words, best)) return best;
  const auto n = size_t(options_.ngram);
  std::unordered_map<uint32_t, std::vector<size_t>> found;  // places of a text's runs
  thread_local std::vector<std::pair<uint64_t, size_t>> seen;
  seen.clear();
  for (size_t i = 0; i + n <= words.size(); ++i) {
    const uint64_t run = run_hash(words, i, n);
    if (texts_of_.contains(run)) seen.emplace_back(run, i);
  }
  std::ranges::sort(seen);
  for (size_t i = 0; i < seen.size(); ++i)
    if (i == 0 || seen[i].first != seen[i - 1].first)
      for (const uint32_t t : texts_of_.at(seen[i].first)) found[t].push_back(seen[i].second);
  for (const auto& [t, places] : found) {
    const double covered = double(places.size()) / double(texts_[t].runs);
    const bool better =
        covered > best.covered || (covered == best.covered && texts_[t].set < best.set);
    if (covered < options_.covered || !better) continue;
    best = {texts_[t].set, covered,
            std::min(1.0, double(places.size() + n - 1) / double(words.size()))};
  }
  return best;
}
}  // namespace cambium
