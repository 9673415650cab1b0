// Slice stats: an audit's numbers of the slices of one key.
#pragma once
#include "data/audit/audit.h"

namespace cambium {
AuditKey key_of_slicing(const AuditIntake& intake, const Records& records,
                        const AuditSlicing& slicing, const Twins& twins, const Lexicon& lexicon,
                        const SliceWords& words, size_t top);
}  // namespace cambium
