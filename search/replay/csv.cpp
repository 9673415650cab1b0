#include "search/replay/csv.h"

#include <algorithm>

#include "core/system/files.h"

namespace cambium {
namespace {
constexpr int64_t kMostBytes = int64_t(256) << 20;

class CsvParser {
 public:
  CsvParser(std::string_view text, const std::string& file) : text_(text), file_(file) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  // Whether there was one. Empty lines are none.
  bool row(std::vector<std::string>& cells, int& line) {
    while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) step();
    if (at_ == text_.size()) return false;
    line = line_;
    cells.clear();
    for (;;) {
      cells.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted() : plain());
      if (at_ == text_.size() || text_[at_] != ',') return true;
      if (++at_ == text_.size()) {
        cells.emplace_back();
        return true;
      }
    }
  }

  [[noreturn]] void fail(const std::string& what, const std::string& help, int line) const {
    throw UserError(what, help, {file_, line, 1, 1});
  }

 private:
  void step() { line_ += text_[at_++] == '\n'; }

  std::string plain() {
    const size_t end = std::min(text_.size(), text_.find_first_of(",\n\r", at_));
    std::string cell(text_.substr(at_, end - at_));
    at_ = end;
    return cell;
  }

  std::string quoted() {
    const int begin = line_;
    std::string cell;
    for (++at_; at_ < text_.size(); step()) {
      if (text_[at_] == '"') {
        if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') {
          ++at_;
          const bool ends = at_ == text_.size() ||
                            std::string_view(",\r\n").find(text_[at_]) != std::string::npos;
          if (!ends) fail("text follows a closing quote", "double a quote inside a cell", line_);
          return cell;
        }
        ++at_;
      }
      cell += text_[at_];
    }
    fail("a quote is never closed", "add the missing \"", begin);
  }

  std::string_view text_;
  std::string file_;
  size_t at_ = 0;
  int line_ = 1;
};
}  // namespace

Csv parse_csv(std::string_view text, const std::string& file) {
  CsvParser parser(text, file);
  Csv csv{.file = file};
  int line = 1;
  if (!parser.row(csv.header, line)) parser.fail("the table is empty", "", 1);
  for (size_t i = 0; i < csv.header.size(); ++i)
    if (std::find(csv.header.begin(), csv.header.begin() + int64_t(i), csv.header[i]) !=
        csv.header.begin() + int64_t(i))
      parser.fail(str("the column '", csv.header[i], "' stands twice"), "rename one of them", line);
  for (std::vector<std::string> row; parser.row(row, line);) {
    if (row.size() != csv.header.size())
      parser.fail(str("this row has ", row.size(), " cells, the header ", csv.header.size()), "",
                  line);
    csv.rows.push_back(std::move(row));
    csv.lines.push_back(line);
  }
  if (csv.rows.empty()) parser.fail("the table has no rows", "", 1);
  return csv;
}

Csv load_csv(const std::string& path) {
  const std::string text = read_file(path, kMostBytes + 1);
  require(int64_t(text.size()) <= kMostBytes, "'", path, "' has more than ", kMostBytes,
          " bytes, the most a table may have");
  return parse_csv(text, path);
}

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}
}  // namespace cambium
