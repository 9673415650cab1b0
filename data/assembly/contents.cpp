#include "data/assembly/contents.h"

#include <algorithm>
#include <set>

#include "core/rng.h"
#include "core/xxhash.h"

namespace cambium {
namespace {
struct Text {
  uint64_t hash;
  Split split;

  auto operator<=>(const Text&) const = default;
};

std::vector<Text> texts_of(const std::string& folder, const Manifest& manifest) {
  std::vector<Text> texts;
  for (const CorpusShard& s : manifest.shards) {
    const auto documents = open_shard(folder, s);
    for (Document d; documents->next(d);) texts.push_back({content_hash(d.text), s.split});
  }
  std::ranges::sort(texts, {}, [](const Text& t) { return std::pair(t.hash, t.split); });
  texts.erase(std::unique(texts.begin(), texts.end(),
                          [](const Text& a, const Text& b) { return a.hash == b.hash; }),
              texts.end());
  return texts;
}

std::vector<SampledDocument> documents_of(const std::string& folder, const Manifest& manifest,
                                          std::set<uint64_t> wanted) {
  std::vector<SampledDocument> found;
  for (const CorpusShard& s : manifest.shards) {
    if (wanted.empty()) break;
    const auto documents = open_shard(folder, s);
    for (Document d; !wanted.empty() && documents->next(d);)
      if (wanted.erase(content_hash(d.text)) > 0)
        found.push_back({s.source, d.id, std::string(d.text), s.split});
  }
  return found;
}
}  // namespace

std::unique_ptr<DocumentSource> open_shard(const std::string& folder, const CorpusShard& shard) {
  return open_corpus({.path = str(folder, "/", shard.file), .format = "jsonl", .id = "id"});
}

std::vector<SampledDocument> sample_documents(const std::string& folder, const Manifest& manifest,
                                              const std::function<bool(const CorpusShard&)>& wanted,
                                              int64_t count, uint64_t seed) {
  int64_t all = 0;
  for (const CorpusShard& s : manifest.shards) all += wanted(s) ? s.documents : 0;
  std::set<int64_t> drawn;
  Random random(seed, stream_of("corpus.sample"));
  while (int64_t(drawn.size()) < std::min(count, all))
    drawn.insert(std::min(all - 1, int64_t(random.uniform() * double(all))));
  std::vector<SampledDocument> out;
  int64_t at = 0;
  auto next = drawn.begin();
  for (const CorpusShard& s : manifest.shards) {
    if (!wanted(s)) continue;
    const int64_t end = at + s.documents;
    if (next == drawn.end() || *next >= end) {
      at = end;
      continue;
    }
    const auto documents = open_shard(folder, s);
    for (Document d; next != drawn.end() && *next < end && documents->next(d); ++at)
      if (at == *next) {
        out.push_back({s.source, d.id, std::string(d.text), s.split});
        ++next;
      }
    at = end;
  }
  return out;
}

CorpusDifference compare_corpora(const std::string& first, const std::string& second) {
  constexpr size_t kShown = 10;
  const Manifest a = load_manifest(first), b = load_manifest(second);
  const std::vector<Text> x = texts_of(first, a), y = texts_of(second, b);
  CorpusDifference out;
  std::set<uint64_t> only_x, only_y;
  for (size_t i = 0, j = 0; i < x.size() || j < y.size();) {
    const bool left = j == y.size() || (i < x.size() && x[i].hash < y[j].hash);
    const bool right = i == x.size() || (j < y.size() && y[j].hash < x[i].hash);
    out.both += !left && !right;
    out.moved += !left && !right && x[i].split != y[j].split;
    out.only_first += left;
    out.only_second += right;
    if (left && only_x.size() < kShown) only_x.insert(x[i].hash);
    if (right && only_y.size() < kShown) only_y.insert(y[j].hash);
    i += !right;
    j += !left;
  }
  out.of_first = documents_of(first, a, std::move(only_x));
  out.of_second = documents_of(second, b, std::move(only_y));
  return out;
}
}  // namespace cambium
