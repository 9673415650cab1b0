// Twins: documents whose text is another's, or nearly so.
#pragma once
#include "data/audit/slicing.h"

namespace cambium {
inline constexpr double kAlike = 0.8;  // similarity of sets of runs of five words

// Documents by their places in Records::documents.
struct Twins {
  std::vector<std::vector<size_t>> equal;        // of one text, two or more, rising
  std::vector<std::pair<size_t, size_t>> alike;  // sorted; equal ones too
  bool compared = false;                         // whether `alike` was looked for
  int64_t candidates = 0, capped = 0;            // as find_near_pairs has them
};

// Writes into `folder`.
Twins find_twins(const Records& records, bool near, const std::string& folder,
                 const Workers& workers);

// What is known of a document in its slice, joined by |.
enum TwinFlag : uint8_t {
  kEqualWithin = 1,  // another document of its slice has its text
  kEqualAcross = 2,  // one of another slice has
  kAlikeWithin = 4,  // the same of texts that are alike or equal
  kAlikeAcross = 8,
  kRepeat = 16  // one before it in its slice has its text
};

std::vector<uint8_t> twin_flags(const Twins& twins, const AuditSlicing& slicing);
}  // namespace cambium
