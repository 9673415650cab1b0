// Runs on slices: what models lose on each slice of a corpus, as part of an audit's page.
#pragma once
#include <string>
#include <vector>

#include "train/slices/slice_scores.h"

namespace cambium {
// A section; nothing without runs.
std::string runs_part(const std::vector<ScoredRun>& runs, const std::string& split);

// What stands out between the first run and the others: slices whose interval of the difference
// does not hold 0 and lies beyond that of all documents.
std::vector<std::string> run_findings(const std::vector<ScoredRun>& runs);
}  // namespace cambium
