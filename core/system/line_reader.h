// LineReader: the lines of a file of any size, through a small buffer, from any place on.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/packing/byte_reader.h"

namespace cambium {
// Where a line begins: its bytes after unpacking, and how many lines stand before it.
struct LinePlace {
  int64_t byte = 0, lines = 0;
};

// What is packed is unpacked as it is read, with the errors of ByteReader.
class LineReader {
 public:
  static constexpr int64_t kLongestLine = int64_t(1) << 28;  // bytes; such a one is a UserError

  // From a place that another reader of the same file has given. UserError when the file ends
  // before it. In a packed file all that stands before it is unpacked again.
  explicit LineReader(const std::string& path, LinePlace from = {}, int64_t longest = kLongestLine);
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // Moves to the next line, which stays valid until the next call; false at the end of the file.
  // Its end, a newline or a carriage return and a newline, is left out. UserError for one of
  // `longest` bytes or more, behind which it goes on.
  bool next(std::string_view& line);

  LinePlace place() const { return place_; }  // of the next line

 private:
  bool fill();
  void forget_line();

  std::string path_;
  ByteReader file_;
  int64_t longest_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;  // of what is read and not given out
  bool too_long_ = false;       // the line before was refused
  LinePlace place_;
};
}  // namespace cambium
