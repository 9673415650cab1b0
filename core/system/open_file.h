// OpenFile: a regular file that is read in parts. What it read stays that of the file that was
// opened, also when another takes its name. Implemented in files.cpp.
#pragma once
#include <span>
#include <string>

#include "core/system/descriptor.h"

namespace cambium {
class OpenFile {
 public:
  explicit OpenFile(std::string path);  // errors are those of read_file

  const std::string& path() const { return path_; }

  int64_t size() const { return size_; }  // bytes, when it was opened

  // Bytes from `offset` on, as many as `into` holds. RuntimeError naming the path when the file
  // ends before that.
  void read_at(int64_t offset, std::span<std::byte> into) const;

 private:
  std::string path_;
  Descriptor file_;
  int64_t size_ = 0;
};
}  // namespace cambium
