// Audited runs: what runs lose on the held-out documents of a corpus, whatever they were trained
// on.
#pragma once
#include <functional>

#include "app/terminal.h"
#include "train/slices/slice_scores.h"

namespace cambium {
struct AuditedRuns {
  std::string split;
  std::vector<ScoredRun> runs;

  Json json() const;
};

// Asks the runs in these folders, with their best weights, of the corpus's documents in a split,
// parted `by` keys (empty: those that are found). UserErrors for runs of data that is no corpus, of
// another vocabulary, and as open_run has them; Stopped.
AuditedRuns audit_runs(const std::vector<std::string>& folders, const std::string& corpus,
                       const std::string& split, const std::vector<std::string>& by,
                       Terminal& terminal, const std::function<bool()>& stop);
}  // namespace cambium
