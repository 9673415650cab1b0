// LineReader: the lines of a file of any size, through a small buffer, from any place on.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace cambium {
// Where a line begins: its bytes after unpacking, and how many lines stand before it.
struct LinePlace {
  int64_t byte = 0, lines = 0;
};

// A gzip file is unpacked as it is read: RuntimeError when it is damaged, cut short or none. What
// stands behind its last member is ignored, as gzip does.
class LineReader {
 public:
  static constexpr int64_t kLongestLine = int64_t(1) << 28;  // bytes; such a one is a UserError

  // From a place that another reader of the same file has given. UserError when the file ends
  // before it. In a gzip file all that stands before it is unpacked again.
  explicit LineReader(const std::string& path, LinePlace from = {});
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // Moves to the next line, which stays valid until the next call; false at the end of the file.
  // Its end, a newline or a carriage return and a newline, is left out.
  bool next(std::string_view& line);

  LinePlace place() const { return place_; }  // of the next line

 private:
  struct File;

  bool fill();
  int read(char* to, unsigned most);

  std::string path_;
  std::unique_ptr<File> file_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;  // of what is read and not given out
  LinePlace place_;
};
}  // namespace cambium
