// NewFile: a file that is written piece by piece and takes its name when it is whole, so that a
// crash leaves the old one, or none.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "core/system/descriptor.h"

namespace cambium {
class NewFile {
 public:
  // Writes beside `path`. `expected` >= 0: how many bytes are to come, told beside what is free
  // when a disk is full. RuntimeErrors name `path`.
  explicit NewFile(const std::string& path, int64_t expected = -1);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();  // without commit() nothing is left

  void write(std::span<const std::byte> bytes);

  void write(std::string_view bytes) { write(std::as_bytes(std::span(bytes))); }

  int64_t size() const { return size_; }  // bytes written

  // On the disk, then in place of what was there, then so in the folder.
  void commit();

 private:
  void check(bool ok, std::string_view what) const;

  std::string path_, temporary_;
  int64_t expected_, size_ = 0;
  Descriptor file_;
  bool done_ = false;
};

std::string parent_folder(const std::string& path);  // "." where it names none

// False when the system refuses; errno says why.
bool write_all(int fd, std::span<const std::byte> content);
}  // namespace cambium
