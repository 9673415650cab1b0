#include "core/packing/frames.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>

#include "core/packing/zstd.h"
#include "core/system/files.h"

namespace cambium {
namespace {
constexpr uint32_t kMostPiece = uint32_t(1) << 31;

// Bytes from a place of a file; fewer only at its end.
size_t read_at(int fd, char* to, size_t n, int64_t place, const std::string& path) {
  size_t have = 0;
  while (have < n) {
    const ssize_t some = ::pread(fd, to + have, n - have, off_t(place + int64_t(have)));
    if (some < 0 && errno == EINTR) continue;
    if (some < 0) fail_with_errno("read", path);
    if (some == 0) break;
    have += size_t(some);
  }
  return have;
}
}  // namespace

struct Packer::Context {
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> zstd{ZSTD_createCCtx(), ZSTD_freeCCtx};
  std::string packed;
};

Packer::Packer(int level) : context_(std::make_unique<Context>()) {
  if (!context_->zstd) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_->zstd.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context_->zstd.get(), ZSTD_c_checksumFlag, 1);
}

Packer::~Packer() = default;

std::string_view Packer::pack(std::string_view bytes) {
  std::string& packed = context_->packed;
  if (const size_t room = ZSTD_compressBound(bytes.size()); packed.size() < room)
    packed.resize(room);
  const size_t n = ZSTD_compress2(context_->zstd.get(), packed.data(), packed.size(), bytes.data(),
                                  bytes.size());
  ensure(!ZSTD_isError(n), "Zstandard does not pack: ", ZSTD_getErrorName(n));
  return std::string_view(packed).substr(0, n);
}

int64_t FrameWriter::add(std::string_view bytes) {
  ensure(bytes.size() < kMostPiece, "a piece of ", bytes.size(), " bytes");
  const int64_t place = file_.size();
  const std::string_view packed = packer_.pack(bytes);
  const std::array sizes = {uint32_t(packed.size()), uint32_t(bytes.size())};
  file_.write(std::as_bytes(std::span(sizes)));
  file_.write(packed);
  return place;
}

void FrameWriter::commit(int64_t last) {
  file_.write(std::as_bytes(std::span(&last, 1)));
  file_.commit();
}

struct FrameReader::Context {
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> zstd{ZSTD_createDCtx(), ZSTD_freeDCtx};
};

FrameReader::FrameReader(const std::string& path)
    : path_(path),
      file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
      context_(std::make_unique<Context>()) {
  if (file_.fd() < 0) fail_with_errno("read", path);
  if (!context_->zstd) throw std::bad_alloc();
}

FrameReader::~FrameReader() = default;

void FrameReader::fail() const {
  throw RuntimeError(str("'", path_, "' is damaged at byte ", at_),
                     "remove it and do again what made it");
}

bool FrameReader::next(std::string& into) {
  std::array<uint32_t, 2> sizes = {};
  const size_t have =
      read_at(file_.fd(), reinterpret_cast<char*>(sizes.data()), sizeof(sizes), at_, path_);
  if (have == 0) return false;
  if (have < sizeof(sizes) || sizes[1] >= kMostPiece || sizes[0] > ZSTD_compressBound(sizes[1]))
    fail();
  packed_.resize(sizes[0]);
  if (read_at(file_.fd(), packed_.data(), packed_.size(), at_ + int64_t(sizeof(sizes)), path_) <
      packed_.size())
    fail();
  into.resize(sizes[1]);
  if (ZSTD_decompressDCtx(context_->zstd.get(), into.data(), into.size(), packed_.data(),
                          packed_.size()) != into.size())
    fail();
  at_ += int64_t(sizeof(sizes) + packed_.size());
  return true;
}

void FrameReader::go_to(int64_t place) {
  at_ = place;
}

int64_t FrameReader::last() const {
  int64_t number = 0;
  const off_t size = ::lseek(file_.fd(), 0, SEEK_END);
  if (size < off_t(sizeof(number)) ||
      read_at(file_.fd(), reinterpret_cast<char*>(&number), sizeof(number),
              size - off_t(sizeof(number)), path_) < sizeof(number))
    fail();
  return number;
}
}  // namespace cambium
