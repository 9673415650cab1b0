// A disk that is soon full.
#pragma once
#include <string>
#include <string_view>

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/error.h"

namespace cambium::test {
// Room for `bytes` at `folder` and no more: a disk of its own, or where none may be mounted a limit
// on files, which stands on the way of a write at the same places.
class LittleRoom {
 public:
  LittleRoom(const std::string& folder, rlim_t bytes) : folder_(folder) {
    disk_ = ::geteuid() == 0 && ::unshare(CLONE_NEWNS) == 0 &&
            ::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0 &&
            ::mount("tmpfs", folder.c_str(), "tmpfs", 0, size(bytes).c_str()) == 0;
    if (disk_) return;
    ::signal(SIGXFSZ, SIG_IGN);
    set_limit(bytes);
  }

  void widen(rlim_t bytes) const {
    if (!disk_) return set_limit(bytes);
    ensure(::mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT, size(bytes).c_str()) == 0,
           "no more room");
  }

  std::string_view error() const { return disk_ ? "No space left on device" : "File too large"; }

  std::string_view cure() const { return disk_ ? "free space on that disk" : "ulimit -f"; }

 private:
  static std::string size(rlim_t bytes) { return str("size=", bytes); }

  static void set_limit(rlim_t bytes) {
    rlimit limit;
    ::getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }

  std::string folder_;
  bool disk_;
};
}  // namespace cambium::test
