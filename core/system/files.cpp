#include "core/system/files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/failures.h"
#include "core/hash.h"
#include "core/packing/zlib.h"
#include "core/system/new_file.h"
#include "core/system/open_file.h"

namespace cambium {
namespace {
std::string size_text(int64_t bytes) {
  return bytes < 10'000 ? str(bytes, " bytes") : str(bytes / 1000, " kB");
}

// What to do about an error of the system.
std::string cure_of(int code, const std::string& path, int64_t need_bytes) {
  if (code == ENOSPC || code == EDQUOT) {
    struct statvfs disk = {};
    std::string have;
    if (::statvfs(parent_folder(path).c_str(), &disk) == 0)
      have = str(size_text(int64_t(disk.f_bavail) * int64_t(disk.f_frsize)), " are free there");
    if (need_bytes >= 0 && !have.empty())
      have = str("it takes ", size_text(need_bytes), ", ", have);
    return str(have, have.empty() ? "" : ": ", "free space on that disk and try again");
  }
  if (code == EIO) return "the disk or the way to it fails: look at dmesg, and use another disk";
  if (code == EFBIG) return "raise the limit on file sizes: ulimit -f unlimited";
  if (code == ENOENT || code == ENOTDIR) return "check the path";
  if (code == EACCES || code == EPERM || code == EROFS)
    return "check its permissions and its owner";
  if (code == ENAMETOOLONG) return "use a shorter name";
  if (code == ENOMEM) return "close other programs, or raise ulimit -v";
  if (code == EMFILE || code == ENFILE) return "raise the limit on open files: ulimit -n";
  return {};
}

// The system would take the path up to there alone.
bool has_nul(const std::string& path) {
  return path.find('\0') != path.npos;
}

// Opened so that a pipe without a writer does not block. Answers the size too.
std::pair<Descriptor, int64_t> open_regular(const std::string& path) {
  Descriptor fd(has_nul(path) ? -1 : ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (has_nul(path)) errno = EINVAL;
  if (fd.fd() < 0) fail_with_errno("read", path);
  struct stat info = {};
  if (::fstat(fd.fd(), &info) != 0) fail_with_errno("read", path);
  if (S_ISDIR(info.st_mode))
    throw UserError(str("'", path, "' is a folder, not a file"), "name a file in it");
  if (!S_ISREG(info.st_mode))
    throw UserError(str("'", path, "' is a pipe or a device, not a file"),
                    "copy what it gives into a file first");
  return {std::move(fd), int64_t(info.st_size)};
}

// zlib's inflate over one or several gzip members.
std::vector<std::byte> gunzip(std::string_view packed, const std::string& path, int64_t most) {
  const auto refuse = [&](std::string_view why) {
    throw RuntimeError(str("'", path, "' ", why), "fetch or copy the file again");
  };
  z_stream z{};
  ensure(inflateInit2(&z, 16 + MAX_WBITS) == Z_OK, "zlib does not start");
  const std::unique_ptr<z_stream, void (*)(z_stream*)> end(&z, [](z_stream* s) { inflateEnd(s); });
  std::vector<std::byte> out, chunk(1 << 18);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  size_t left = packed.size();  // beyond avail_in, which is 32 bits
  int state = Z_OK;
  while (left > 0 || z.avail_in > 0) {
    if (z.avail_in == 0) {
      z.avail_in = uInt(std::min<size_t>(left, 1 << 30));
      left -= z.avail_in;
    }
    if (state == Z_STREAM_END && inflateReset(&z) != Z_OK) refuse("cannot be unpacked");
    do {
      z.next_out = reinterpret_cast<Bytef*>(chunk.data());
      z.avail_out = uInt(chunk.size());
      state = inflate(&z, Z_NO_FLUSH);
      if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR)
        refuse(out.empty() ? "is not a gzip file" : "is damaged: its gzip data does not unpack");
      out.insert(out.end(), chunk.begin(), chunk.end() - z.avail_out);
      if (int64_t(out.size()) > most) refuse(str("unpacks to more than ", most, " bytes"));
    } while (z.avail_out == 0 && state != Z_STREAM_END);
  }
  if (state != Z_STREAM_END) refuse("is cut short: its gzip data ends too early");
  return out;
}
}  // namespace

std::string parent_folder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

void fail_with_errno(std::string_view what, const std::string& path, int64_t need_bytes) {
  const int code = errno;
  throw DiskError(str("cannot ", what, " '", path, "': ", std::strerror(code)),
                  cure_of(code, path, need_bytes));
}

std::string read_file(const std::string& path, int64_t limit_bytes) {
  const auto [fd, size] = open_regular(path);
  std::string out;
  out.reserve(size_t(limit_bytes < 0 ? size : std::min(size, limit_bytes)));
  std::vector<char> chunk(1 << 16);
  while (limit_bytes < 0 || int64_t(out.size()) < limit_bytes) {
    const ssize_t n = ::read(fd.fd(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with_errno("read", path);
    if (n == 0) break;
    out.append(chunk.data(), size_t(n));
  }
  if (limit_bytes >= 0 && int64_t(out.size()) > limit_bytes) out.resize(size_t(limit_bytes));
  return out;
}

std::vector<std::byte> read_maybe_gzip(const std::string& path, int64_t most) {
  const std::string raw = read_file(path);
  if (path.ends_with(".gz")) return gunzip(raw, path, most);
  const auto* p = reinterpret_cast<const std::byte*>(raw.data());
  return {p, p + raw.size()};
}

FileSum checksum_of_file(const std::string& path) {
  const auto [fd, size] = open_regular(path);
  Checksum sum{uint64_t(size)};
  std::vector<std::byte> piece(1 << 16);
  size_t filled = 0;
  for (ssize_t n = 1; n != 0;) {
    n = ::read(fd.fd(), piece.data() + filled, piece.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with_errno("read", path);
    filled += size_t(n);
    if (n > 0 && filled < piece.size()) continue;  // whole words, however little a read gives
    sum.add(std::span(piece).first(filled));
    filled = 0;
  }
  return {size, sum.value()};
}

void replace_file(const std::string& path, std::span<const std::span<const std::byte>> pieces) {
  int64_t bytes = 0;
  for (const auto& piece : pieces) bytes += int64_t(piece.size());
  NewFile file(path, bytes);
  for (const auto& piece : pieces) file.write(piece);
  file.commit();
}

void replace_file(const std::string& path, std::span<const std::byte> content) {
  replace_file(path, std::span(&content, 1));
}

void replace_file(const std::string& path, std::string_view content) {
  replace_file(path, std::as_bytes(std::span(content.data(), content.size())));
}

bool overwrite_file(const std::string& path, std::string_view content) {
  const int fd = has_nul(path) ? -1 : ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct stat info = {};
  bool ok = ::fstat(fd, &info) == 0 && int64_t(content.size()) <= int64_t(info.st_blocks) * 512;
  ok = ok && write_all(fd, std::as_bytes(std::span(content.data(), content.size()))) &&
       ::ftruncate(fd, off_t(content.size())) == 0;
  ::close(fd);
  return ok;
}

bool file_exists(const std::string& path) {
  std::error_code ignored;
  return !has_nul(path) && std::filesystem::exists(path, ignored);
}

void make_folders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return;
  errno = error.value();
  fail_with_errno("make the folder", path);
}

OpenFile::OpenFile(std::string path) : path_(std::move(path)) {
  std::tie(file_, size_) = open_regular(path_);
}

void OpenFile::read_at(int64_t offset, std::span<std::byte> into) const {
  for (size_t done = 0; done < into.size();) {
    const ssize_t n =
        ::pread(file_.fd(), into.data() + done, into.size() - done, off_t(offset + int64_t(done)));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with_errno("read", path_);
    if (n == 0)
      throw RuntimeError(str("'", path_, "' ends at ", offset + int64_t(done), " bytes and had ",
                             size_, " when it was opened"),
                         "start again when nothing writes to it");
    done += size_t(n);
  }
}

MappedFile::MappedFile(const std::string& path) {
  const auto [fd, size] = open_regular(path);
  size_ = size_t(size);
  if (size_ == 0) return;
  void* p = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd.fd(), 0);
  if (p == MAP_FAILED) fail_with_errno("map", path);
  data_ = static_cast<const std::byte*>(p);
}

MappedFile::MappedFile(MappedFile&& o) noexcept
    : data_(std::exchange(o.data_, nullptr)), size_(std::exchange(o.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& o) noexcept {
  std::swap(data_, o.data_);
  std::swap(size_, o.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}
}  // namespace cambium
