// AuditSlicing: documents parted by what is known of them: source, split, language, length, and
// keys of their meta.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "data/audit/record.h"

namespace cambium {
// Documents parted by one key, each in one slice.
struct AuditSlicing {
  std::string key;                  // as --by names it
  std::vector<std::string> values;  // of the slices, as they are shown
  std::vector<uint16_t> of;         // each document's slice
  bool ordered = false;             // values have an order of their own: lengths, numbers
};

inline constexpr size_t kMostSlices = 24;  // of one key; the rarest beyond are one together

// By source, language, length (and split, in a corpus), and by each key of the meta that has 2 to
// kMostSlices values; or by the `wanted` alone. Keys along which there is one slice are left out,
// unless they are wanted. "meta.x" is the key x of the meta, where x has another meaning. UserError
// for an unknown key.
std::vector<AuditSlicing> make_slicings(const AuditIntake& intake, const Records& records,
                                        std::span<const std::string> wanted);

// Slices by words: "1 to 31" ...
std::span<const std::string_view> length_names();
size_t length_class(int64_t words);
}  // namespace cambium
