#include "core/system/line_reader.h"

#include <cstring>

#include "core/system/files.h"
#include "core/system/zlib.h"

namespace cambium {
struct LineReader::File {
  gzFile gz = nullptr;

  ~File() {
    if (gz) gzclose(gz);
  }
};

LineReader::LineReader(const std::string& path, LinePlace from)
    : path_(path), file_(std::make_unique<File>()), buffer_(1 << 16), place_(from) {
  read_file(path, 0);  // refuses what is no regular file
  file_->gz = gzopen(path.c_str(), "rbe");
  if (!file_->gz) fail_with_errno("read", path);
  gzbuffer(file_->gz, 1 << 17);
  if (from.byte == 0) return;
  char last = 0;  // of the line before
  if (gzseek(file_->gz, z_off_t(from.byte - 1), SEEK_SET) < 0 || read(&last, 1) != 1)
    throw UserError(str("'", path, "' ends before byte ", from.byte, ", where it was read last"),
                    "put the file back as it was");
}

LineReader::~LineReader() = default;

// Reads more behind what is there; false at the end of the file.
bool LineReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    if (int64_t(end_) >= kLongestLine)
      throw UserError(
          str(path_, ":", place_.lines + 1, ": a line of ", kLongestLine, " bytes or more"),
          "break it into several; a line is held in memory");
    buffer_.resize(2 * buffer_.size());
  }
  const int n = read(buffer_.data() + end_, unsigned(buffer_.size() - end_));
  end_ += size_t(n);
  return n > 0;
}

// gzread, with what went wrong; 0 at the end of the file.
int LineReader::read(char* to, unsigned most) {
  const int n = gzread(file_->gz, to, most);
  int state = Z_OK;
  const char* why = gzerror(file_->gz, &state);
  if (n < 0 && state == Z_ERRNO) fail_with_errno("read", path_);
  if (n < 0)
    throw RuntimeError(str("'", path_, "' is damaged: its gzip data does not unpack (", why, ")"),
                       "fetch or copy the file again");
  if (n == 0 && state == Z_BUF_ERROR)
    throw RuntimeError(str("'", path_, "' is cut short: its gzip data ends too early"),
                       "fetch or copy the file again");
  if (n > 0 && path_.ends_with(".gz") && gzdirect(file_->gz))
    throw RuntimeError(str("'", path_, "' is not a gzip file"), "fetch or copy the file again");
  return n;
}

bool LineReader::next(std::string_view& line) {
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
