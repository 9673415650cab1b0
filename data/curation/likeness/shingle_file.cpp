#include "data/curation/likeness/shingle_file.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>

#include "core/system/files.h"
#include "core/system/new_file.h"

namespace cambium {
namespace {
void read_bytes(int fd, void* to, size_t n, int64_t place, const std::string& path) {
  auto* at = static_cast<char*>(to);
  while (n > 0) {
    const ssize_t some = ::pread(fd, at, n, off_t(place));
    if (some < 0 && errno == EINTR) continue;
    if (some < 0) fail_with_errno("read", path);
    ensure(some > 0, "the file of shingles ", path, " ends early");
    at += some;
    n -= size_t(some);
    place += some;
  }
}
}  // namespace

void write_shingles(const std::string& path, std::span<const ShingleEntry> entries,
                    std::span<const uint64_t> sets) {
  NewFile out(path);
  const auto count = int64_t(entries.size());
  out.write(std::as_bytes(std::span(&count, 1)));
  out.write(std::as_bytes(entries));
  out.write(std::as_bytes(sets));
  out.commit();
}

ShingleFile::ShingleFile(const std::string& path)
    : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (file_.fd() < 0) fail_with_errno("read", path);
  int64_t count = 0;
  read_bytes(file_.fd(), &count, sizeof(count), 0, path);
  entries_.resize(size_t(count));
  read_bytes(file_.fd(), entries_.data(), entries_.size() * sizeof(ShingleEntry), sizeof(count),
             path);
  begin_ = int64_t(sizeof(count) + entries_.size() * sizeof(ShingleEntry));
}

const ShingleEntry& ShingleFile::entry(int64_t index) const {
  const auto at = std::ranges::lower_bound(entries_, index, {}, &ShingleEntry::index);
  ensure(at != entries_.end() && at->index == index, "no shingles of draft ", index, " in ", path_);
  return *at;
}

void ShingleFile::read(const ShingleEntry& entry, std::vector<uint64_t>& into) const {
  into.resize(size_t(entry.count));
  read_bytes(file_.fd(), into.data(), into.size() * sizeof(uint64_t),
             begin_ + entry.place * int64_t(sizeof(uint64_t)), path_);
}
}  // namespace cambium
