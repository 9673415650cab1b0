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

// The pairs that are alike, in files: of one part at a time in memory.
class NearPairs {
 public:
  // `folder` as find_near_pairs() left it; `parts` in the order in which drafts stay.
  NearPairs(std::string folder, std::vector<uint64_t> parts);

  int64_t candidates() const { return candidates_; }  // pairs that share a band

  int64_t capped() const { return capped_; }  // drafts that met more than `bucket` others in a band

  int64_t count() const { return count_; }  // pairs that are alike

  // Sorted by later, then earlier.
  void each(const std::function<void(const AlikePair&)>& f) const;

  const std::vector<uint64_t>& parts() const { return parts_; }  // RankedPlace::rank_part of each

  // The keys of drafts in pairs, asked for in their order.
  std::function<uint64_t(const RankedPlace&)> keys() const;

 private:
  std::string folder_;
  std::vector<uint64_t> parts_;
  int64_t candidates_ = 0, capped_ = 0, count_ = 0;
};

// Writes into `folder`; goes on where an earlier call was ended.
NearPairs find_near_pairs(const StagedDrafts& drafts, const NearOptions& options,
                          const std::string& folder, const Workers& workers);
}  // namespace cambium
