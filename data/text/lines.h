// Lines: a text file of fields, read line by line, with errors that name the line.
#pragma once
#include <string>
#include <string_view>

#include "data/dataset.h"

namespace cambium {
// Everything that is wrong is an OptionError of the option that gave the path.
class Lines {
 public:
  // An empty file is refused, and so is one that ends in the middle of a line.
  explicit Lines(std::string path, std::string option = "path");

  // Moves to the next line; false at the end of the file. A carriage return at its end is left out.
  bool next();

  // The next field of the line up to `separator`; an empty one when the line is used up.
  std::string_view field(char separator = '\t');

  // A whole number in [low, high].
  int64_t number(std::string_view text, std::string_view what, int64_t low, int64_t high) const;

  bool used_up() const { return rest_.empty(); }

  int64_t line() const { return line_; }

  const std::string& path() const { return path_; }

  [[noreturn]] void fail(const std::string& what, std::string help = {}) const;

  // OptionError when the file has not `wanted` lines; 0 wants nothing.
  void check_count(int64_t wanted) const;

 private:
  std::string path_, option_, text_;
  std::string_view rest_;
  size_t at_ = 0;
  int64_t line_ = 0;
};
}  // namespace cambium
