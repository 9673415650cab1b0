#include "data/text/lines.h"

#include <algorithm>
#include <charconv>

#include "core/system/files.h"

namespace cambium {
Lines::Lines(std::string path, std::string option)
    : path_(std::move(path)), option_(std::move(option)) {
  if (!file_exists(path_)) throw OptionError(option_, str(path_, ": no such file"));
  text_ = read_file(path_);
  if (text_.empty()) throw OptionError(option_, str(path_, " is empty"));
  if (text_.back() != '\n') {
    line_ = std::ranges::count(text_, '\n') + 1;
    fail("the file ends in the middle of a line", "it was cut short; get it again");
  }
}

bool Lines::next() {
  if (at_ >= text_.size()) return false;
  const size_t end = text_.find('\n', at_);
  rest_ = std::string_view(text_).substr(at_, end - at_);
  if (rest_.ends_with('\r')) rest_.remove_suffix(1);
  at_ = end + 1;
  ++line_;
  return true;
}

std::string_view Lines::field(char separator) {
  const size_t end = std::min(rest_.find(separator), rest_.size());
  const std::string_view out = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  return out;
}

int64_t Lines::number(std::string_view text, std::string_view what, int64_t low,
                      int64_t high) const {
  int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size())
    fail(str(what, " is '", text.substr(0, 40), "', not a whole number"));
  if (value < low || value > high)
    fail(str(what, " = ", value, " is outside [", low, ", ", high, "]"));
  return value;
}

void Lines::fail(const std::string& what, std::string help) const {
  throw OptionError(option_, str(path_, ":", line_, ": ", what), std::move(help));
}

void Lines::check_count(int64_t wanted) const {
  if (wanted == 0 || wanted == line_) return;
  throw OptionError(option_, str(path_, " has ", line_, " lines, the spec says ", wanted),
                    "get the file again, or correct the number in the spec");
}
}  // namespace cambium
