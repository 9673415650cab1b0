#include "train/prefix/feature_file.h"

#include <array>
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "core/system/files.h"

namespace cambium {
namespace {
constexpr std::string_view kMagic = "CBMFEAT1";
constexpr size_t kHeaderBytes = 32;
constexpr size_t kBlock = size_t(1) << 20;  // whole words, as Checksum wants its pieces

using Header = std::array<std::byte, kHeaderBytes>;

Header header_of(int64_t record_bytes, int64_t records, uint64_t checksum) {
  Header h{};
  const uint64_t numbers[] = {uint64_t(record_bytes), uint64_t(records), checksum};
  std::memcpy(h.data(), kMagic.data(), kMagic.size());
  std::memcpy(h.data() + kMagic.size(), numbers, sizeof numbers);
  return h;
}

// Fewer bytes than asked for at the end of the file.
size_t read_at(int file, const std::string& path, size_t offset, std::span<std::byte> into) {
  size_t done = 0;
  while (done < into.size()) {
    const ssize_t n = ::pread(file, into.data() + done, into.size() - done, off_t(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with_errno("cannot read", path);
    if (n == 0) break;
    done += size_t(n);
  }
  return done;
}

void write_at(int file, const std::string& path, size_t offset, std::span<const std::byte> from,
              int64_t need) {
  size_t done = 0;
  while (done < from.size()) {
    const ssize_t n = ::pwrite(file, from.data() + done, from.size() - done, off_t(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with_errno("cannot write", path, need);
    done += size_t(n);
  }
}

bool is_whole(int file, const std::string& path, int64_t record_bytes, int64_t records) {
  Header header{};
  if (read_at(file, path, 0, header) != kHeaderBytes) return false;
  const auto bytes = uint64_t(record_bytes) * uint64_t(records);
  Checksum sum(bytes);
  std::vector<std::byte> block(kBlock);
  uint64_t left = bytes;
  for (size_t at = kHeaderBytes; left > 0;) {
    const size_t want = size_t(std::min<uint64_t>(left, kBlock));
    if (read_at(file, path, at, std::span(block).first(want)) != want) return false;
    sum.add(std::span(block).first(want));
    at += want;
    left -= want;
  }
  if (read_at(file, path, kHeaderBytes + bytes, std::span(block).first(1)) != 0) return false;
  return header == header_of(record_bytes, records, sum.value());
}
}  // namespace

std::unique_ptr<FeatureFile> FeatureFile::open(const std::string& path, int64_t record_bytes,
                                               int64_t records) {
  if (!file_exists(path)) return nullptr;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail_with_errno("cannot open", path);
  std::unique_ptr<FeatureFile> out(new FeatureFile(file, path, record_bytes));
  if (!is_whole(file, path, record_bytes, records)) return nullptr;
  return out;
}

FeatureFile::~FeatureFile() {
  ::close(file_);
}

void FeatureFile::read(int64_t i, std::span<std::byte> into) const {
  const size_t offset = kHeaderBytes + size_t(i) * size_t(record_bytes_);
  if (read_at(file_, path_, offset, into) != into.size())
    throw RuntimeError(str("'", path_, "' has become shorter"),
                       "resume the run: what it holds is computed again");
}

FeatureWriter::FeatureWriter(std::string path, int64_t record_bytes, int64_t records)
    : path_(std::move(path)),
      temporary_(str(path_, ".tmp", ::getpid())),
      record_bytes_(record_bytes),
      records_(records),
      sum_(uint64_t(record_bytes) * uint64_t(records)) {
  file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file_ < 0) fail_with_errno("cannot write", temporary_);
}

FeatureWriter::~FeatureWriter() {
  if (file_ >= 0) ::close(file_);
  std::error_code ignored;  // it was renamed, or costs space alone
  std::filesystem::remove(temporary_, ignored);
}

void FeatureWriter::add(std::span<const std::byte> records) {
  pending_.insert(pending_.end(), records.begin(), records.end());
  while (pending_.size() >= kBlock) flush();
}

void FeatureWriter::flush() {
  const size_t count = std::min(pending_.size(), kBlock);
  const std::span<const std::byte> piece = std::span(pending_).first(count);
  sum_.add(piece);
  write_at(file_, temporary_, kHeaderBytes + size_t(added_), piece, record_bytes_ * records_);
  added_ += int64_t(count);
  pending_.erase(pending_.begin(), pending_.begin() + int64_t(count));
}

void FeatureWriter::finish() {
  while (!pending_.empty()) flush();
  ensure(added_ == record_bytes_ * records_, added_, " bytes of ", record_bytes_ * records_);
  write_at(file_, temporary_, 0, header_of(record_bytes_, records_, sum_.value()), added_);
  if (::fsync(file_) != 0) fail_with_errno("cannot write", temporary_);
  ::close(std::exchange(file_, -1));
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail_with_errno("cannot write", path_);
}
}  // namespace cambium
