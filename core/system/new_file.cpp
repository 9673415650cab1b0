#include "core/system/new_file.h"

#include <cerrno>
#include <charconv>
#include <filesystem>

#include <fcntl.h>
#include <signal.h>

#include "core/system/files.h"

namespace cambium {
namespace {
constexpr std::string_view kTemporary = ".tmp";  // then the process that writes

void sync_folder(const std::string& folder) {
  const Descriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.fd() < 0) fail_with_errno("open folder", folder);
  if (::fsync(file.fd()) != 0) fail_with_errno("sync folder", folder);
}
}  // namespace

bool write_all(int fd, std::span<const std::byte> content) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    content = content.subspan(size_t(n));
  }
  return true;
}

NewFile::NewFile(const std::string& path, int64_t expected)
    : path_(path), temporary_(str(path, kTemporary, ::getpid())), expected_(expected) {
  const bool has_nul = path.find('\0') != path.npos;  // the system would take it up to there alone
  if (!has_nul)
    file_ = Descriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (has_nul) errno = EINVAL;
  // Not by that name: who asked for `path` would look for a file that is gone again.
  check(file_.fd() >= 0, "write");
}

NewFile::~NewFile() {
  if (!done_) ::unlink(temporary_.c_str());
}

void NewFile::check(bool ok, std::string_view what) const {
  if (!ok) fail_with_errno(what, path_, expected_);
}

void NewFile::write(std::span<const std::byte> bytes) {
  check(write_all(file_.fd(), bytes), "write");
  size_ += int64_t(bytes.size());
}

void NewFile::commit() {
  check(::fsync(file_.fd()) == 0, "write");
  check(file_.close(), "write");
  check(::rename(temporary_.c_str(), path_.c_str()) == 0, "rename a file to");
  done_ = true;
  sync_folder(parent_folder(path_));
}

void sweep_temporaries(const std::string& folder) {
  std::error_code ignored;  // a leftover file costs space, not safety
  for (const auto& file : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = file.path().filename().string();
    const size_t at = name.rfind(kTemporary);
    int pid = 0;
    if (at == name.npos) continue;
    const char* end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + at + kTemporary.size(), end, pid);
    const bool ours = read.ec == std::errc() && read.ptr == end && pid > 0;
    if (ours && ::kill(pid, 0) != 0 && errno == ESRCH) std::filesystem::remove(file, ignored);
  }
}
}  // namespace cambium
