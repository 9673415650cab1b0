// Shingle files: the shingles of some drafts of a part, to be read one by one in any order.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "core/system/descriptor.h"

namespace cambium {
struct ShingleEntry {
  int64_t index = 0;             // of the draft in its part
  uint64_t key = 0;              // the draft's
  int64_t place = 0, count = 0;  // in the file, in hashes
};

// Entries in the order of their indices; the sets stand one after the other.
void write_shingles(const std::string& path, std::span<const ShingleEntry> entries,
                    std::span<const uint64_t> sets);

class ShingleFile {
 public:
  explicit ShingleFile(const std::string& path);

  // InternalError for a draft that is not in it.
  const ShingleEntry& entry(int64_t index) const;

  void read(const ShingleEntry& entry, std::vector<uint64_t>& into) const;

 private:
  std::string path_;
  Descriptor file_;
  int64_t begin_ = 0;  // of the sets, in bytes
  std::vector<ShingleEntry> entries_;
};
}  // namespace cambium
