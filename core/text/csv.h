// Tables of texts, as RFC 4180 has them: commas, "quoted ""cells""" that may hold line breaks.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace cambium {
struct CsvCell {
  std::string text;
  Mark mark;
};

enum class CsvSpaces { kKept, kDropped };  // around cells, and lines of nothing else

// Reads row by row, so that whoever asks may judge each cell at its place.
class CsvReader {
 public:
  // `text` must outlive it; `file` is what errors name.
  CsvReader(std::string_view text, std::string file, CsvSpaces spaces);

  // Whether there was one. Empty lines are none. UserError with the line when a quote is never
  // closed or text follows a closing quote.
  bool row(std::vector<CsvCell>& cells);

 private:
  bool at_end() const { return at_ == text_.size(); }

  void step();
  void skip_spaces();
  CsvCell cell();
  std::string quoted();
  [[noreturn]] void fail(const std::string& what, const std::string& help, int line) const;

  std::string_view text_;
  std::string file_;
  bool drop_;
  size_t at_ = 0, line_begin_ = 0;
  int line_ = 1;
};

// UserError at the second of two columns of one name.
void refuse_double_columns(const std::vector<CsvCell>& header);

struct Csv {
  std::string file;
  std::vector<std::string> header;             // unique, none but one may be empty
  std::vector<std::vector<std::string>> rows;  // as long as the header
  std::vector<int> lines;                      // of the file, where each row begins
};

// UserError with a line: a quote that is never closed, a row of another length, a column twice, no
// rows. RuntimeError when the file cannot be read.
Csv load_csv(const std::string& path);
Csv parse_csv(std::string_view text, const std::string& file);

// Quoted where it must be.
std::string csv_cell(std::string_view text);
}  // namespace cambium
