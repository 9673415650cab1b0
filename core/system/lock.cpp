#include "core/system/lock.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/system/files.h"

namespace cambium {
namespace {
constexpr int kTries = 10;
constexpr std::chrono::milliseconds kBetweenTries(50);

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

std::string own_command() {
  std::string words;
  try {
    words = read_file("/proc/self/cmdline", 4096);
  } catch (const Error&) {
    return "?";
  }
  std::ranges::replace(words, '\0', ' ');
  return words.substr(0, words.find_last_not_of(' ') + 1);
}

// The path of a lock is replaced when a holder goes: only the file that stands there now counts.
bool is_current(int file, const std::string& path) {
  struct stat ours = {}, there = {};
  return ::fstat(file, &ours) == 0 && ::stat(path.c_str(), &there) == 0 &&
         ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

// What the holder wrote: "process 12 on host\ncommand\n".
[[noreturn]] void refuse(const std::string& folder, const std::string& path) {
  std::string text;
  try {
    text = read_file(path, 8192);
  } catch (const Error&) {
    text.clear();  // it went just now
  }
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string holder = end > 0 ? text.substr(0, end) : "another process";
  const std::string command = text.substr(end, text.size() - end);
  throw UserError(str("'", folder, "' is in use by ", holder,
                      command.size() > 2 ? str(": ", command.substr(1, command.size() - 2)) : ""),
                  "wait until it ends or stop it, or choose another folder");
}
}  // namespace

FolderLock::FolderLock(const std::string& folder) : path_(folder + "/.lock") {
  for (int i = 0;; ++i) {
    file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file_ < 0) fail_with_errno("write", path_);
    const bool locked = ::flock(file_, LOCK_EX | LOCK_NB) == 0;
    if (locked && is_current(file_, path_)) break;
    if (!locked && errno != EWOULDBLOCK && errno != EINTR) return;  // no locks here
    ::close(std::exchange(file_, -1));
    if (locked) continue;
    if (i >= kTries) refuse(folder, path_);
    std::this_thread::sleep_for(kBetweenTries);
  }
  const std::string text =
      str("process ", ::getpid(), " on ", host_name(), "\n", own_command(), "\n");
  // A full disk leaves a lock without a name, which still locks.
  if (::ftruncate(file_, 0) == 0) [[maybe_unused]]
    const ssize_t n = ::pwrite(file_, text.data(), text.size(), 0);
}

FolderLock::FolderLock(FolderLock&& o) noexcept
    : path_(std::move(o.path_)), file_(std::exchange(o.file_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& o) noexcept {
  std::swap(path_, o.path_);
  std::swap(file_, o.file_);
  return *this;
}

FolderLock::~FolderLock() {
  if (file_ < 0) return;
  ::unlink(path_.c_str());
  ::close(file_);
}
}  // namespace cambium
