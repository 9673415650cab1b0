// Near pairs: which drafts of a corpus are alike. Memory is bounded by tasks: hashes of all bands,
// then pairs that share one, then their true similarity.
#pragma once
#include "data/assembly/tasks.h"
#include "data/curation/likeness/clusters.h"
#include "data/curation/likeness/minhash.h"
#include "data/curation/support/step.h"

namespace cambium {
struct NearOptions {
  double similarity = 0.8;
  int64_t bands = 14, rows = 8, bucket = 32;  // bucket: candidates that one band gives a draft
  bool verify = true;
  ShingleOptions shingles;
  std::vector<int64_t> ranks;  // of the sources
};

struct NearPairs {
  std::vector<AlikePair> pairs;          // sorted by later, then earlier
  int64_t candidates = 0;                // pairs that share a band
  int64_t capped = 0;                    // drafts that met more than `bucket` others in one band
  std::map<RankedPlace, uint64_t> keys;  // of the drafts in `pairs`
};

// Writes into `folder`; goes on where an earlier call was ended.
NearPairs find_near_pairs(const StagedDrafts& drafts, const NearOptions& options,
                          const std::string& folder, const Workers& workers);
}  // namespace cambium
