#include "core/files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace cambium {
namespace {
[[noreturn]] void fail(std::string_view what, const std::string& path) {
  const int code = errno;
  std::string help;
  if (code == ENOSPC) help = "free space on that disk and try again";
  if (code == ENOENT) help = "check the path";
  throw RuntimeError(str("cannot ", what, " '", path, "': ", std::strerror(code)), help);
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags, std::string_view what, mode_t mode = 0644)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (fd_ < 0) fail(what, path);
  }

  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const { return fd_; }

  // Closes now, so that an error of close() is seen.
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

void write_all(int fd, std::span<const std::byte> content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write", path);
    content = content.subspan(size_t(n));
  }
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

void sync_folder(const std::string& folder) {
  const Descriptor fd(folder, O_RDONLY | O_DIRECTORY, "open folder");
  if (::fsync(fd.get()) != 0) fail("sync folder", folder);
}

// zlib's inflate over one or several gzip members.
std::vector<std::byte> gunzip(std::string_view packed, const std::string& path) {
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
    } while (z.avail_out == 0 && state != Z_STREAM_END);
  }
  if (state != Z_STREAM_END) refuse("is cut short: its gzip data ends too early");
  return out;
}
}  // namespace

std::string read_file(const std::string& path, int64_t limit_bytes) {
  const Descriptor fd(path, O_RDONLY, "read");

  struct stat info {};

  if (::fstat(fd.get(), &info) != 0) fail("read", path);
  if (S_ISDIR(info.st_mode)) {
    errno = EISDIR;
    fail("read", path);
  }
  std::string out;
  if (S_ISREG(info.st_mode)) out.reserve(size_t(info.st_size));
  std::vector<char> chunk(1 << 16);
  while (limit_bytes < 0 || int64_t(out.size()) < limit_bytes) {
    const ssize_t n = ::read(fd.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("read", path);
    if (n == 0) break;
    out.append(chunk.data(), size_t(n));
  }
  if (limit_bytes >= 0 && int64_t(out.size()) > limit_bytes) out.resize(size_t(limit_bytes));
  return out;
}

std::vector<std::byte> read_maybe_gzip(const std::string& path) {
  const std::string raw = read_file(path);
  if (path.ends_with(".gz")) return gunzip(raw, path);
  const auto* p = reinterpret_cast<const std::byte*>(raw.data());
  return {p, p + raw.size()};
}

void replace_file(const std::string& path, std::span<const std::span<const std::byte>> pieces) {
  const std::string temporary = str(path, ".tmp", ::getpid());
  try {
    Descriptor fd(temporary, O_WRONLY | O_CREAT | O_TRUNC, "write");
    for (const auto& piece : pieces) write_all(fd.get(), piece, temporary);
    if (::fsync(fd.get()) != 0) fail("sync", temporary);
    if (!fd.close()) fail("close", temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail("rename a file to", path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(folder_of(path));
}

void replace_file(const std::string& path, std::span<const std::byte> content) {
  replace_file(path, std::span(&content, 1));
}

void replace_file(const std::string& path, std::string_view content) {
  replace_file(path, std::as_bytes(std::span(content.data(), content.size())));
}

bool file_exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

void make_folders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw RuntimeError(str("cannot make the folder '", path, "': ", error.message()));
}

MappedFile::MappedFile(const std::string& path) {
  const Descriptor fd(path, O_RDONLY, "read");

  struct stat info {};

  if (::fstat(fd.get(), &info) != 0) fail("read", path);
  if (S_ISDIR(info.st_mode)) {
    errno = EISDIR;
    fail("read", path);
  }
  size_ = size_t(info.st_size);
  if (size_ == 0) return;
  void* p = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (p == MAP_FAILED) fail("map", path);
  data_ = static_cast<const std::byte*>(p);
}

MappedFile::MappedFile(MappedFile&& o) noexcept
    : data_(std::exchange(o.data_, nullptr)), size_(std::exchange(o.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& o) noexcept {
  std::swap(data_, o.data_);
  std::swap(size_, o.size_);
  return *this;
}

void MappedFile::forget(size_t bytes) const {
  if (data_) ::madvise(const_cast<std::byte*>(data_), std::min(bytes, size_), MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}
}  // namespace cambium
