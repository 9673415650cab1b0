#include "train/run/run_log.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/system/files.h"
#include "core/text/json.h"

namespace cambium {
RunLog::RunLog(const std::string& path, int64_t keep_bytes) : path_(path), bytes_(keep_bytes) {
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) fail_with_errno("open", path);
  struct stat info = {};
  if (::fstat(file_, &info) != 0) fail_with_errno("look at", path);
  if (info.st_size < keep_bytes) {
    ::close(std::exchange(file_, -1));
    throw RuntimeError(
        str("'", path, "' has ", info.st_size, " bytes, its checkpoint was made at ", keep_bytes),
        "the log was cut or replaced; start the run in a new folder");
  }
  if (::ftruncate(file_, keep_bytes) != 0 || ::lseek(file_, 0, SEEK_END) < 0)
    fail_with_errno("cut", path);
}

RunLog& RunLog::operator=(RunLog&& o) noexcept {
  std::swap(path_, o.path_);
  std::swap(file_, o.file_);
  std::swap(bytes_, o.bytes_);
  return *this;
}

RunLog::~RunLog() {
  if (file_ >= 0) ::close(file_);
}

void RunLog::append(const Json& line) {
  if (file_ < 0) return;
  const std::string text = to_text(line) + "\n";
  for (size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(file_, text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR) fail_with_errno("write to", path_);
    if (n > 0) done += size_t(n);
  }
  bytes_ += int64_t(text.size());
}

void RunLog::sync() {
  if (file_ >= 0 && ::fsync(file_) != 0) fail_with_errno("write to", path_);
}

std::vector<Json> read_log(const std::string& path) {
  const std::string text = read_file(path);
  std::vector<Json> lines;
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const Mark place{path, int(lines.size()) + 1, 1, 1};
    try {
      lines.push_back(parse_json(std::string_view(text).substr(begin, end - begin), path));
    } catch (const UserError& e) {
      throw UserError("this line of the log is no JSON",
                      "two programs may have written into it: train again in a new folder", place);
    }
    if (!lines.back().is_object())
      throw UserError("this line of the log is no JSON object", "train again in a new folder",
                      place);
  }
  return lines;
}
}  // namespace cambium
