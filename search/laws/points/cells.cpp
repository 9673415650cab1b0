#include "search/laws/points/cells.h"

namespace cambium {
namespace {
std::string_view without_spaces(std::string_view s) {
  const size_t first = s.find_first_not_of(" \t");
  if (first == s.npos) return {};
  return s.substr(first, s.find_last_not_of(" \t") - first + 1);
}

// The end of the cell that begins at `at`: a comma outside quotes, or the line's.
size_t end_of_cell(std::string_view line, size_t at, bool& open) {
  open = false;
  for (; at < line.size(); ++at) {
    if (line[at] == '"')
      open = !open;
    else if (line[at] == ',' && !open)
      break;
  }
  return at;
}

std::string unquoted(std::string_view s) {
  if (s.size() < 2 || s.front() != '"' || s.back() != '"') return std::string(s);
  std::string out;
  for (size_t i = 1; i + 1 < s.size(); ++i) {
    if (s[i] == '"' && i + 2 < s.size() && s[i + 1] == '"') ++i;
    out += s[i];
  }
  return out;
}
}  // namespace

std::vector<Cell> cells_of(std::string_view line, const std::string& file, int number) {
  std::vector<Cell> cells;
  for (size_t at = 0; at <= line.size();) {
    bool open = false;
    const size_t end = end_of_cell(line, at, open);
    const std::string_view raw = line.substr(at, end - at), text = without_spaces(raw);
    const size_t first = text.empty() ? at : size_t(text.data() - line.data());
    Mark mark{file, number, int(first) + 1, std::max(1, int(text.size()))};
    if (open) throw UserError("a quote is not closed", "close it on the same line", mark);
    cells.push_back({unquoted(text), std::move(mark)});
    at = end + 1;
  }
  return cells;
}
}  // namespace cambium
