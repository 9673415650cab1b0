// Number files: what was learned, as arrays of numbers, for a build that goes on.
#pragma once
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "core/system/files.h"
#include "core/system/new_file.h"

namespace cambium {
class NumberFileWriter {
 public:
  explicit NumberFileWriter(const std::string& path) : file_(path) {}

  template <class T> void add(const std::vector<T>& numbers) {
    const auto n = uint64_t(numbers.size());
    file_.write(std::as_bytes(std::span(&n, 1)));
    file_.write(std::as_bytes(std::span(numbers)));
  }

  void commit() { file_.commit(); }

 private:
  NewFile file_;
};

class NumberFileReader {
 public:
  explicit NumberFileReader(const std::string& path) : path_(path), file_(path) {}

  template <class T> void take(std::vector<T>& numbers) {
    uint64_t n = 0;
    copy(&n, sizeof(n));
    ensure(n <= (file_.bytes().size() - at_) / sizeof(T), path_, " ends early");
    numbers.resize(size_t(n));
    copy(numbers.data(), size_t(n) * sizeof(T));
  }

 private:
  void copy(void* to, size_t n) {
    ensure(n <= file_.bytes().size() - at_, path_, " ends early");
    if (n > 0) std::memcpy(to, file_.bytes().data() + at_, n);
    at_ += n;
  }

  std::string path_;
  MappedFile file_;
  size_t at_ = 0;
};
}  // namespace cambium
