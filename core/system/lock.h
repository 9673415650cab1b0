// Lock: one process at a time in a folder. The kernel holds it (flock), so it ends with its holder,
// however that ends; the file <folder>/.lock says who the holder is.
#pragma once
#include <string>

#include "core/error.h"

namespace cambium {
// Move-only; gives the folder back when it goes.
class FolderLock {
 public:
  FolderLock() = default;  // holds nothing

  // Waits a moment for a holder that is just ending. UserError with the holder's process, machine
  // and command when the folder stays taken; RuntimeError when the lock cannot be written. A file
  // that a killed process left is taken over. Where a file system knows no locks, there are none.
  explicit FolderLock(const std::string& folder);

  FolderLock(FolderLock&& o) noexcept;
  FolderLock& operator=(FolderLock&& o) noexcept;
  ~FolderLock();

 private:
  std::string path_;
  int file_ = -1;
};
}  // namespace cambium
