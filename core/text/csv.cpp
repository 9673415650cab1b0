#include "core/text/csv.h"

#include <algorithm>

#include "core/system/files.h"

namespace cambium {
namespace {
constexpr int64_t kMostBytes = int64_t(256) << 20;

std::vector<std::string> texts_of(std::vector<CsvCell>& cells) {
  std::vector<std::string> out;
  for (CsvCell& c : cells) out.push_back(std::move(c.text));
  return out;
}
}  // namespace

CsvReader::CsvReader(std::string_view text, std::string file, CsvSpaces spaces)
    : text_(text), file_(std::move(file)), drop_(spaces == CsvSpaces::kDropped) {
  if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
}

bool CsvReader::row(std::vector<CsvCell>& cells) {
  for (;;) {
    while (!at_end() && (text_[at_] == '\n' || text_[at_] == '\r')) step();
    if (at_end()) return false;
    const size_t begin = at_;
    skip_spaces();
    if (drop_ && (at_end() || text_[at_] == '\n' || text_[at_] == '\r')) continue;
    at_ = begin;
    cells.clear();
    for (;;) {
      cells.push_back(cell());
      if (at_end() || text_[at_] != ',') return true;
      ++at_;
    }
  }
}

void CsvReader::step() {
  if (text_[at_++] != '\n') return;
  ++line_;
  line_begin_ = at_;
}

void CsvReader::skip_spaces() {
  while (drop_ && !at_end() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
}

CsvCell CsvReader::cell() {
  const size_t whole = at_;
  skip_spaces();
  CsvCell c{"", {file_, line_, int(at_ - line_begin_) + 1, 1}};
  if (!at_end() && text_[at_] == '"') {
    const size_t begin = at_;
    c.text = quoted();
    if (c.mark.line == line_) c.mark.length = int(at_ - begin);
    skip_spaces();
    if (!at_end() && std::string_view(",\r\n").find(text_[at_]) == std::string_view::npos)
      fail("text follows a closing quote", "double a quote inside a cell", line_);
    return c;
  }
  const size_t end = std::min(text_.size(), text_.find_first_of(",\n\r", at_));
  std::string_view plain = text_.substr(at_, end - at_);
  if (drop_) plain = plain.substr(0, plain.find_last_not_of(" \t") + 1);
  c.text = plain;
  if (plain.empty()) c.mark.column = int(whole - line_begin_) + 1;
  c.mark.length = std::max(1, int(plain.size()));
  at_ = end;
  return c;
}

// From the opening quote to past the closing one.
std::string CsvReader::quoted() {
  const int begin = line_;
  std::string out;
  for (++at_; !at_end(); step()) {
    if (text_[at_] == '"') {
      if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') {
        ++at_;
        return out;
      }
      ++at_;
    }
    out += text_[at_];
  }
  fail("a quote is never closed", "add the missing \"", begin);
}

void CsvReader::fail(const std::string& what, const std::string& help, int line) const {
  throw UserError(what, help, {file_, line, 1, 1});
}

void refuse_double_columns(const std::vector<CsvCell>& header) {
  for (size_t i = 0; i < header.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (header[i].text == header[j].text)
        throw UserError(str("the column '", header[i].text, "' stands twice"), "rename one of them",
                        header[i].mark);
}

Csv parse_csv(std::string_view text, const std::string& file) {
  CsvReader reader(text, file, CsvSpaces::kKept);
  Csv csv{.file = file};
  const auto refuse = [&](const std::string& what, int line) {
    throw UserError(what, "", {file, line, 1, 1});
  };
  std::vector<CsvCell> cells;
  if (!reader.row(cells)) refuse("the table is empty", 1);
  for (CsvCell& c : cells) c.mark = {file, c.mark.line, 1, 1};
  refuse_double_columns(cells);
  csv.header = texts_of(cells);
  while (reader.row(cells)) {
    const int line = cells.front().mark.line;
    if (cells.size() != csv.header.size())
      refuse(str("this row has ", cells.size(), " cells, the header ", csv.header.size()), line);
    csv.rows.push_back(texts_of(cells));
    csv.lines.push_back(line);
  }
  if (csv.rows.empty()) refuse("the table has no rows", 1);
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
