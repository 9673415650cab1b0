#include "data/text/labelled_rows.h"

#include <algorithm>

#include "core/error.h"

namespace cambium {
namespace {
[[noreturn]] void fail(const std::string& path, int64_t line, const std::string& what) {
  throw UserError(str(path, ":", line, ": ", what));
}

// Reads RFC 4180 one record at a time; a quoted field may hold line ends.
class CsvReader {
 public:
  CsvReader(std::string_view content, const std::string& path) : text_(content), path_(path) {}

  bool more() const { return at_ < text_.size(); }

  int64_t line() const { return line_; }

  std::vector<std::string> record() {
    std::vector<std::string> fields;
    do fields.push_back(field());
    while (take(','));
    take('\r');
    if (more() && !take('\n'))
      fail(path_, line_, str("'", text_[at_], "' stands behind a quoted field"));
    ++line_;
    return fields;
  }

 private:
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string field() {
    if (take('"')) return quoted();
    const size_t end = std::min(text_.find_first_of(",\n", at_), text_.size());
    std::string out(text_.substr(at_, end - at_));
    if (out.ends_with('\r')) out.pop_back();
    if (out.find('"') != out.npos) fail(path_, line_, "a quote in a field that is not quoted");
    at_ = end;
    return out;
  }

  std::string quoted() {
    std::string out;
    const int64_t opened = line_;
    for (;;) {
      if (!more()) fail(path_, opened, "a quote is opened and never closed");
      const char c = text_[at_++];
      if (c == '"' && !take('"')) return out;
      if (c == '\n') ++line_;
      out += c;
    }
  }

  std::string_view text_;
  const std::string& path_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

std::vector<LabelledRow> parse_csv(std::string_view content, const std::string& path) {
  std::vector<LabelledRow> rows;
  for (CsvReader csv(content, path); csv.more();) {
    LabelledRow row{.line = csv.line()};
    const std::vector<std::string> fields = csv.record();
    if (fields.size() == 1 && fields[0].empty()) continue;
    row.label = fields[0];
    for (size_t i = 1; i < fields.size(); ++i) row.text += (i > 1 ? " " : "") + fields[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<LabelledRow> parse_lines(std::string_view content, char separator) {
  std::vector<LabelledRow> rows;
  int64_t number = 0;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    std::string_view line = content.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const size_t cut = std::min(line.find(separator), line.size());
    LabelledRow row{.label = std::string(line.substr(0, cut)), .line = number};
    row.text = line.substr(std::min(cut + 1, line.size()));
    rows.push_back(std::move(row));
  }
  return rows;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == text.npos;
}

bool is_letter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         uint8_t(c) >= 128;
}
}  // namespace

RowFormat format_of(std::string_view path) {
  if (path.ends_with(".csv")) return RowFormat::kCsv;
  return path.ends_with(".tsv") ? RowFormat::kTsv : RowFormat::kSpace;
}

std::vector<LabelledRow> parse_rows(std::string_view content, RowFormat format,
                                    const std::string& path) {
  auto rows = format == RowFormat::kCsv
                  ? parse_csv(content, path)
                  : parse_lines(content, format == RowFormat::kTsv ? '\t' : ' ');
  for (const LabelledRow& row : rows) {
    if (is_blank(row.label)) fail(path, row.line, "the row has no label");
    if (is_blank(row.text))
      fail(path, row.line, str("the row has no text behind its label '", row.label, "'"));
  }
  return rows;
}

std::vector<std::string> words_of(std::string_view text, bool lower) {
  std::vector<std::string> words;
  bool inside = false;
  for (char c : text) {
    const bool letter = is_letter(c);
    const bool visible = letter || (c > ' ' && c != 127);
    if (lower && c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
    if (letter && inside)
      words.back() += c;
    else if (visible)
      words.emplace_back(1, c);
    inside = letter;
  }
  return words;
}
}  // namespace cambium
