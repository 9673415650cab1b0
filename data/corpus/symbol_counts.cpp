#include "data/corpus/symbol_counts.h"

#include "core/hash.h"
#include "data/assembly/contents.h"
#include "data/assembly/sidecar.h"

namespace cambium {
namespace {
Json counted(const std::string& folder, const Manifest& manifest, const Vocabulary& vocabulary) {
  Json train = Json::object();
  std::map<std::string, int64_t> sums;
  std::vector<int32_t> symbols;
  for (const CorpusShard& s : manifest.shards) {
    if (s.split != Split::kTrain) continue;
    const auto documents = open_shard(folder, s);
    for (Document d; documents->next(d);) {
      symbols.clear();
      vocabulary.append_document(d.text, symbols);
      sums[s.source] += int64_t(symbols.size());
    }
  }
  for (const auto& [source, n] : sums) train[source] = n;
  return {{"content", hash_name(manifest.content())}, {"train", train}};
}

Json kept_counts(const std::string& folder, const Manifest& manifest,
                 const Vocabulary& vocabulary) {
  const std::string path = str(folder, "/counts/", hash_name(vocabulary.content()));
  if (std::optional<Json> kept = read_sidecar(path);
      kept && (*kept)["content"] == hash_name(manifest.content()))
    return *kept;
  Json counts = counted(folder, manifest, vocabulary);
  try {
    make_folders(folder + "/counts");
    write_sidecar(path, counts);
  } catch (const RuntimeError&) {
    // A corpus that cannot be written is counted again.
  }
  return counts;
}
}  // namespace

SymbolCounts count_symbols(const std::string& folder, const Manifest& manifest,
                           const Vocabulary& vocabulary) {
  SymbolCounts counts;
  int64_t longest = 0;
  for (const CorpusShard& s : manifest.shards) {
    counts.documents += s.documents;
    longest = std::max(longest, s.longest);
    if (s.split == Split::kTrain && vocabulary.is_bytes())
      counts.train[s.source] += s.text_bytes + s.documents;
  }
  counts.longest = longest * int64_t(1 + sizeof(int32_t));
  if (vocabulary.is_bytes()) return counts;
  const Json kept = kept_counts(folder, manifest, vocabulary);
  for (const auto& [source, n] : kept["train"].items()) counts.train[source] = n.get<int64_t>();
  return counts;
}
}  // namespace cambium
