// Trial list: trials that are known before any is trained, as those of a comparison or a ladder.
#pragma once
#include "search/store/trial_store.h"

namespace cambium {
// Such studies wait for no outcome.
constexpr int64_t kNoLag = 1'000'000'000;

// Proposes, in their order, those whose folders no trial of the store has yet; then nothing. The
// list may be another one in a later session: more seeds, more variants.
ProposeTrial listed(std::vector<Trial> planned);
}  // namespace cambium
