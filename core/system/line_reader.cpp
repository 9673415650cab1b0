#include "core/system/line_reader.h"

#include <cstring>

namespace cambium {
LineReader::LineReader(const std::string& path, LinePlace from, int64_t longest)
    : path_(path), file_(path), longest_(longest), buffer_(1 << 16), place_(from) {
  if (!file_.seek(from.byte))
    throw UserError(str("'", path, "' ends before byte ", from.byte, ", where it was read last"),
                    "put the file back as it was");
}

// Reads more behind what is there; false at the end of the file.
bool LineReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    if (int64_t(end_) >= longest_) {
      too_long_ = true;
      throw UserError(str(path_, ":", place_.lines + 1, ": a line of ", longest_, " bytes or more"),
                      "break it into several; a line is held in memory");
    }
    buffer_.resize(2 * buffer_.size());
  }
  const size_t n = file_.read(buffer_.data() + end_, buffer_.size() - end_);
  end_ += n;
  return n > 0;
}

// The rest of a line that was refused.
void LineReader::forget_line() {
  too_long_ = false;
  for (;;) {
    const void* newline = std::memchr(buffer_.data() + begin_, '\n', end_ - begin_);
    const size_t used =
        newline ? size_t(static_cast<const char*>(newline) - buffer_.data()) + 1 - begin_
                : end_ - begin_;
    place_.byte += int64_t(used);
    begin_ += used;
    if (newline || !fill()) break;
  }
  ++place_.lines;
}

bool LineReader::next(std::string_view& line) {
  if (too_long_) forget_line();
  size_t looked = begin_;
  const char* newline = nullptr;
  while (true) {
    if (looked < end_)
      newline = static_cast<const char*>(std::memchr(buffer_.data() + looked, '\n', end_ - looked));
    if (newline) break;
    const size_t have = end_ - begin_;
    if (!fill()) break;
    looked = begin_ + have;
  }
  if (!newline && begin_ == end_) return false;
  const size_t length = newline ? size_t(newline - (buffer_.data() + begin_)) : end_ - begin_;
  const size_t used = length + (newline ? 1 : 0);
  line = {buffer_.data() + begin_, length};
  if (line.ends_with('\r')) line.remove_suffix(1);
  begin_ += used;
  place_.byte += int64_t(used);
  ++place_.lines;
  return true;
}
}  // namespace cambium
