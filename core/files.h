// Files: reading whole files, memory maps, and replacing a file so that a crash leaves old or new.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace cambium {
// RuntimeError naming the path and the reason. `limit_bytes` >= 0: at most so many are read.
std::string read_file(const std::string& path, int64_t limit_bytes = -1);
// Transparently un-gzips a *.gz file. RuntimeError when it is truncated or not gzip.
std::vector<std::byte> read_maybe_gzip(const std::string& path);

// Writes to a temporary file beside `path`, fsyncs, renames over it, fsyncs the folder.
void replace_file(const std::string& path, std::span<const std::byte> content);
// The same from pieces, so that a large file need not be put together in memory first.
void replace_file(const std::string& path, std::span<const std::span<const std::byte>> pieces);
void replace_file(const std::string& path, std::string_view content);

bool file_exists(const std::string& path);
void make_folders(const std::string& path);  // like mkdir -p

// A read-only memory map of a whole file; move-only.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  MappedFile(MappedFile&& o) noexcept;
  MappedFile& operator=(MappedFile&& o) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  // Gives back the memory of the first `bytes`; they are read from the file again when looked at.
  void forget(size_t bytes) const;

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};
}  // namespace cambium
