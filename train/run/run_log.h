// Run log: an append-only file of JSON lines.
#pragma once
#include <string>

#include "core/text/json_forward.h"

namespace cambium {
// Every line reaches the system when append returns; sync makes it survive a power cut.
class RunLog {
 public:
  RunLog() = default;  // writes nowhere

  // Opens or makes the file and cuts it to its first `keep_bytes`. RuntimeError when it cannot, or
  // when the file is shorter than that.
  RunLog(const std::string& path, int64_t keep_bytes);

  RunLog(RunLog&& o) noexcept { *this = std::move(o); }

  RunLog& operator=(RunLog&& o) noexcept;
  ~RunLog();

  void append(const Json& line);  // RuntimeError when the disk is full or gone
  void sync();

  int64_t bytes() const { return bytes_; }

 private:
  std::string path_;
  int file_ = -1;
  int64_t bytes_ = 0;
};

// The lines of a log; a last line without an end (the writer was killed) is left out.
// RuntimeError when the file cannot be read, UserError at the line when one is no JSON object.
std::vector<Json> read_log(const std::string& path);
}  // namespace cambium
