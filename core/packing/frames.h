// Frames: a file of pieces that are packed each by itself, so that one can be read from its place.
// For files of our own: Zstandard at its quickest, each piece with a checksum.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "core/system/new_file.h"

namespace cambium {
// Zstandard frames as any program reads them, with a checksum.
class Packer {
 public:
  explicit Packer(int level);
  ~Packer();
  std::string_view pack(std::string_view bytes);  // valid until the next call

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

class FrameWriter {
 public:
  explicit FrameWriter(const std::string& path) : file_(path), packer_(1) {}

  int64_t add(std::string_view bytes);  // where it stands in the file

  void commit() { file_.commit(); }

  void commit(int64_t last);  // with a number that FrameReader::last() finds

 private:
  NewFile file_;
  Packer packer_;
};

class FrameReader {
 public:
  explicit FrameReader(const std::string& path);
  ~FrameReader();

  // The next frame; false at the end. RuntimeError for a file that is damaged.
  bool next(std::string& into);

  void go_to(int64_t place);

  int64_t last() const;

 private:
  struct Context;
  [[noreturn]] void fail() const;

  std::string path_, packed_;
  Descriptor file_;
  int64_t at_ = 0;
  std::unique_ptr<Context> context_;
};
}  // namespace cambium
