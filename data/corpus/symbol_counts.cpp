#include "data/corpus/symbol_counts.h"

#include "core/hash.h"
#include "data/assembly/contents.h"
#include "data/assembly/sidecar.h"
#include "data/corpus/windows.h"

namespace cambium {
namespace {
Json counted(const std::string& folder, const Manifest& manifest, const Vocabulary& vocabulary,
             int64_t apart) {
  Json train = Json::object(), windows = Json::object();
  std::map<std::string, int64_t> sums, cut;
  std::vector<int32_t> symbols;
  for (const CorpusShard& s : manifest.shards) {
    if (s.split != Split::kTrain) continue;
    const auto documents = open_shard(folder, s);
    for (Document d; documents->next(d);) {
      symbols.clear();
      vocabulary.append_document(d.text, symbols);
      sums[s.source] += int64_t(symbols.size());
      if (apart > 0) cut[s.source] += windows_apart(int64_t(symbols.size()), apart);
    }
  }
  for (const auto& [source, n] : sums) train[source] = n;
  for (const auto& [source, n] : cut) windows[source] = n;
  return {{"content", hash_name(manifest.content())}, {"train", train}, {"windows", windows}};
}

Json kept_counts(const std::string& folder, const Manifest& manifest, const Vocabulary& vocabulary,
                 int64_t apart) {
  const std::string path =
      str(folder, "/counts/", hash_name(vocabulary.content()), apart > 0 ? str("-", apart) : "");
  if (std::optional<Json> kept = read_sidecar(path);
      kept && (*kept)["content"] == hash_name(manifest.content()))
    return *kept;
  Json counts = counted(folder, manifest, vocabulary, apart);
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
                           const Vocabulary& vocabulary, int64_t apart) {
  SymbolCounts counts;
  int64_t longest = 0;
  for (const CorpusShard& s : manifest.shards) {
    counts.documents += s.documents;
    longest = std::max(longest, s.longest);
    if (s.split == Split::kTrain && vocabulary.is_bytes())
      counts.train[s.source] += s.text_bytes + s.documents;
  }
  counts.longest = longest * int64_t(1 + sizeof(int32_t));
  if (vocabulary.is_bytes() && apart == 0) return counts;
  const Json kept = kept_counts(folder, manifest, vocabulary, apart);
  for (const auto& [source, n] : kept["train"].items()) counts.train[source] = n.get<int64_t>();
  if (apart > 0)
    for (const auto& [source, n] : kept["windows"].items())
      counts.windows[source] = n.get<int64_t>();
  return counts;
}
}  // namespace cambium
