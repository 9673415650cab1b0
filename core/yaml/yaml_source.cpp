#include "core/yaml/yaml_source.h"

#include <algorithm>

#include "core/text/utf8.h"

namespace cambium {
namespace {
bool ends_word(std::string_view line, size_t i) {
  if (line[i] == ':') return i + 1 >= line.size() || line[i + 1] == ' ';
  if (line[i] == '#') return i > 0 && line[i - 1] == ' ';
  return line[i] == ',' || line[i] == ']' || line[i] == '}';
}

// Bytes of the ${...} that starts at i, or 1.
size_t step_bytes(std::string_view line, size_t i) {
  if (!line.substr(i).starts_with("${")) return 1;
  const size_t close = line.find('}', i);
  return close == line.npos ? 1 : close + 1 - i;
}
}  // namespace

size_t quoted_bytes(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[0] == '"' && text[i] == '\\')
      ++i;
    else if (text[i] == text[0])
      return i + 1;
  }
  return 0;
}

bool starts_quote(std::string_view text, size_t i) {
  const bool quote = text[i] == '"' || text[i] == '\'';
  return quote && (i == 0 || std::string_view(" \t\n[{,:").find(text[i - 1]) != text.npos);
}

size_t group_bytes(std::string_view text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (starts_quote(text, i)) {
      const size_t quoted = quoted_bytes(text.substr(i));
      if (quoted == 0) return 0;
      i += quoted - 1;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return i + 1;
  }
  return 0;
}

Source::Source(std::string_view text, std::string_view file) : text_(text), file_(file) {
  starts_.push_back(0);
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n') starts_.push_back(i + 1);
}

size_t Source::offset(int line, int column) const {
  if (line < 0 || size_t(line) >= starts_.size()) return text_.size();
  return std::min(starts_[size_t(line)] + size_t(std::max(column, 0)), text_.size());
}

Mark Source::mark(size_t offset, size_t bytes) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const auto line = size_t(after - starts_.begin());
  const size_t start = starts_[line - 1];
  if (counted_line_ != line || counted_offset_ > offset) {
    counted_line_ = line;
    counted_offset_ = start;
    counted_ = 0;
  }
  counted_ += characters(text_.substr(counted_offset_, offset - counted_offset_));
  counted_offset_ = offset;
  const int64_t column = counted_ + 1;
  const auto length = std::max<int64_t>(1, characters(text_.substr(offset, bytes)));
  return {std::string(file_), int(line), int(column), int(length)};
}

Mark Source::value_mark(size_t offset) const {
  const size_t at = value_offset(offset);
  return mark(at, token_bytes(at));
}

std::string_view Source::rest_of_line(size_t at) const {
  constexpr size_t kLongestToken = 512;  // a caret need not be longer; keeps long lines quick
  const std::string_view rest = text_.substr(at, kLongestToken);
  return rest.substr(0, rest.find_first_of("\r\n"));
}

size_t Source::value_offset(size_t at) const {
  size_t here = at;
  while (here < text_.size() && (text_[here] == '&' || text_[here] == '!')) {
    const std::string_view line = rest_of_line(here);
    const size_t space = line.find_first_of(" \t");
    const size_t next = space == line.npos ? line.npos : line.find_first_not_of(" \t", space);
    if (next == line.npos) return at;
    here += next;
  }
  return here;
}

// Bytes of the token that starts here: a quoted text, a bracketed group, or a plain word.
size_t Source::token_bytes(size_t at) const {
  const std::string_view line = rest_of_line(at);
  if (line.empty()) return 1;
  if (line[0] == '"' || line[0] == '\'') {
    const size_t quoted = quoted_bytes(line);
    return quoted ? quoted : line.size();
  }
  if (line[0] == '{' || line[0] == '[') {
    const size_t group = group_bytes(line);
    return group ? group : line.size();
  }
  if (line[0] == '|' || line[0] == '>' || line.starts_with("- ")) return 1;
  size_t end = 0;
  while (end < line.size() && !ends_word(line, end)) end += step_bytes(line, end);
  while (end > 1 && (line[end - 1] == ' ' || line[end - 1] == '\t')) --end;
  return std::max<size_t>(end, 1);
}
}  // namespace cambium
