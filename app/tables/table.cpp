#include "app/tables/table.h"

#include <algorithm>

#include "core/text/utf8.h"

namespace cambium {
std::string Table::text() const {
  std::vector<size_t> width;
  for (const auto& row : rows_) {
    width.resize(std::max(width.size(), row.size()));
    for (size_t i = 0; i + 1 < row.size() || (i < row.size() && std::ranges::count(right_, i)); ++i)
      width[i] = std::max(width[i], size_t(characters(row[i])));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const size_t used = size_t(characters(row[i]));
      const std::string pad(width[i] > used ? width[i] - used : 0, ' ');
      const bool right = std::ranges::count(right_, i) > 0;
      line += (i ? "  " : "") + (right ? pad + row[i] : row[i] + pad);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}
}  // namespace cambium
