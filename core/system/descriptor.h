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

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  int fd() const { return fd_; }

 private:
  int fd_;
};
}  // namespace cambium
