// Disks on which several processes may not share a database.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace cambium {
// The name of a file system that other machines write to, or a program stands in for, by the number
// that statfs gives it; empty for disks of this machine.
std::string_view shared_filesystem(uint64_t magic);

// UserError when `folder`, which is there, lies on such a one.
void require_own_disk(const std::string& folder);

// The one process that holds a file's lock (flock), which ends with it, however that ends. The file
// is made and stays.
class FileLock {
 public:
  // Tries for so long. RuntimeError: the file cannot be made.
  FileLock(const std::string& path, double seconds);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

  bool held() const { return held_; }

 private:
  int file_ = -1;
  bool held_ = false;
};
}  // namespace cambium
