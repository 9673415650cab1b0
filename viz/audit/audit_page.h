// The page of an audit, and its sentences.
#pragma once
#include <string>
#include <vector>

#include "data/audit/audit.h"
#include "train/slices/slice_scores.h"

namespace cambium {
// What stands out, the most weighty first: sentences that hold numbers of the audit and nothing
// else. Slices of fewer than kLeastNamed documents are not spoken of.
inline constexpr int64_t kLeastNamed = 30;
std::vector<std::string> audit_findings(const Audit& audit);

// One file of HTML without scripts. `command` is how to make it again; `runs`, what models lose on
// its `split` documents.
std::string audit_page(const Audit& audit, const std::string& command,
                       const std::vector<ScoredRun>& runs = {}, const std::string& split = "test");
}  // namespace cambium
