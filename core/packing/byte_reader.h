// ByteReader: the bytes of a file of any size, unpacked as they are read.
#pragma once
#include <memory>
#include <string>

#include "core/error.h"

namespace cambium {
// What packs a file is told by its name: *.gz, *.zst, else nothing does (gzip data by another name
// is unpacked too). RuntimeError when it is damaged, cut short or not what its name says. What
// stands behind the last member of a gzip file is ignored, as gzip does.
class ByteReader {
 public:
  // UserError for what is no regular file.
  explicit ByteReader(const std::string& path);
  ~ByteReader();
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;

  size_t read(char* to, size_t most);  // how many came; 0 at the end

  // To so many bytes from the beginning, counted as they unpack; forward only. Answers false when
  // the file ends before. What is packed is unpacked on the way.
  bool seek(int64_t byte);

  class Bytes;  // one way of packing

 private:
  std::unique_ptr<Bytes> bytes_;
};

// All of it; false when that is more than `most` bytes: a thousand times a file's size is easily
// packed in it.
bool read_unpacked(const std::string& path, int64_t most, std::string& into);
}  // namespace cambium
