// Files: reading whole files, memory maps, and replacing a file so that a crash leaves old or new.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace cambium {
// RuntimeError naming the path and the reason, with a cure, from errno. `need_bytes` >= 0: what was
// to be written, told beside what is free when a disk is full.
[[noreturn]] void fail_with_errno(std::string_view what, const std::string& path,
                                  int64_t need_bytes = -1);

// RuntimeError naming the path and the reason; UserError when it is no regular file: a folder, or a
// pipe or device that may never end. `limit_bytes` >= 0: at most so many are read.
std::string read_file(const std::string& path, int64_t limit_bytes = -1);
// Transparently un-gzips a *.gz file. RuntimeError when it is truncated, not gzip, or unpacks to
// more than `most` bytes: a thousand times its size is easily made.
std::vector<std::byte> read_maybe_gzip(const std::string& path, int64_t most = int64_t(4) << 30);

struct FileSum {
  int64_t bytes;
  uint64_t checksum;  // core/hash.h
};

// Of a regular file, read through a small buffer: the pages of a map count as memory of ours, and
// the system may map megabytes at the first look.
FileSum checksum_of_file(const std::string& path);

// Writes to a temporary file beside `path`, fsyncs, renames over it, fsyncs the folder.
// RuntimeError naming `path`.
void replace_file(const std::string& path, std::span<const std::byte> content);
// The same from pieces, so that a large file need not be put together in memory first.
void replace_file(const std::string& path, std::span<const std::span<const std::byte>> pieces);
void replace_file(const std::string& path, std::string_view content);

// Writes over an existing file as it stands, on the disk space that it has: for a last word when
// the disk is full. False when that cannot be; the file is whole then.
bool overwrite_file(const std::string& path, std::string_view content);

// Removes what replace_file left in the folder when its process was killed.
void sweep_temporaries(const std::string& folder);

bool file_exists(const std::string& path);
void make_folders(const std::string& path);  // like mkdir -p

// A read-only memory map of a whole regular file; move-only. Errors are those of read_file.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  MappedFile(MappedFile&& o) noexcept;
  MappedFile& operator=(MappedFile&& o) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};
}  // namespace cambium
