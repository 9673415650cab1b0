// Contents: the documents of a finished corpus, and how two corpora differ.
#pragma once
#include <functional>

#include "data/assembly/manifest.h"
#include "data/corpus/document.h"

namespace cambium {
// The documents of a shard, in their order.
std::unique_ptr<DocumentSource> open_shard(const std::string& folder, const CorpusShard& shard);

struct SampledDocument {
  std::string source, id, text;
  Split split = Split::kTrain;
};

// So many documents drawn uniformly, without any twice, from the shards that `wanted` says: the
// same for the same seed and corpus.
std::vector<SampledDocument> sample_documents(const std::string& folder, const Manifest& manifest,
                                              const std::function<bool(const CorpusShard&)>& wanted,
                                              int64_t count, uint64_t seed);

struct CorpusDifference {
  int64_t both = 0, only_first = 0, only_second = 0;  // texts, whatever their ids
  int64_t moved = 0;                                  // in both, but of another split
  std::vector<SampledDocument> of_first, of_second;   // ten that are only there, the least by hash
};

CorpusDifference compare_corpora(const std::string& first, const std::string& second);
}  // namespace cambium
