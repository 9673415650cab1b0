#include "search/store/disk.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/system/clock.h"
#include "core/system/files.h"

namespace cambium {
std::string_view shared_filesystem(uint64_t magic) {
  // From linux/magic.h and the sources of those that are not in the kernel.
  static constexpr std::pair<uint64_t, std::string_view> kShared[] = {
      {0x6969, "NFS"},        {0x517B, "SMB"},        {0xFF534D42, "CIFS"},
      {0xFE534D42, "SMB"},    {0x65735546, "FUSE"},   {0x01021997, "9P"},
      {0x00C36400, "Ceph"},   {0x5346414F, "AFS"},    {0x6B414653, "AFS"},
      {0x73757245, "Coda"},   {0x0BD00BD0, "Lustre"}, {0x47504653, "GPFS"},
      {0x7461636F, "OCFS2"},  {0x01161970, "GFS2"},   {0x19830326, "BeeGFS"},
      {0x786F4256, "vboxsf"}, {0xAAD7AAEA, "PanFS"},  {0x20030528, "OrangeFS"},
      {0x564C, "NCP"}};
  for (const auto& [number, name] : kShared)
    if (number == magic) return name;
  return "";
}

void require_own_disk(const std::string& folder) {
  struct statfs disk = {};
  if (::statfs(folder.c_str(), &disk) != 0) fail_with_errno("open", folder);
  // Signed or not by architecture; the numbers have 32 bits.
  const std::string_view name = shared_filesystem(uint32_t(disk.f_type));
  if (!name.empty())
    throw UserError(
        str("'", folder, "' is on a network or foreign file system (", name,
            "), where the locks and shared memory that keep a store of trials whole "
            "do not hold"),
        "put the study's folder on a disk of this machine, and copy it when it is done");
}

FileLock::FileLock(const std::string& path, double seconds)
    : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  if (file_ < 0) fail_with_errno("write", path);
  const Stopwatch waited;
  for (int64_t pause = 1;; pause = std::min<int64_t>(2 * pause, 20)) {
    held_ = ::flock(file_, LOCK_EX | LOCK_NB) == 0;
    if (!held_ && errno != EWOULDBLOCK && errno != EINTR) {
      const int error = errno;
      ::close(file_);
      errno = error;
      fail_with_errno("lock", path);
    }
    if (held_ || waited.seconds() >= seconds) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(pause));
  }
}

FileLock::~FileLock() {
  ::close(file_);
}
}  // namespace cambium
