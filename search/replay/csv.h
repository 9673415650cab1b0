// Csv: a table of texts, as RFC 4180 has it: commas, "quoted ""cells""", a header.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
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
