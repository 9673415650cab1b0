// Descriptor: an open file of the system, closed when its handle goes.
#pragma once
#include <utility>

#include <unistd.h>

namespace cambium {
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}

  Descriptor(Descriptor&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}

  Descriptor& operator=(Descriptor&& o) noexcept {
    close();
    fd_ = std::exchange(o.fd_, -1);
    return *this;
  }

  ~Descriptor() { close(); }

  // Whether the system took all that was written.
  bool close() {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 || ::close(fd) == 0;
  }

  int fd() const { return fd_; }

 private:
  int fd_;
};
}  // namespace cambium
