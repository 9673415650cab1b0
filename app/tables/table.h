// Table: text in aligned columns.
#pragma once
#include <string>
#include <vector>

namespace cambium {
class Table {
 public:
  // Columns are aligned left unless their number is in `right`.
  explicit Table(std::vector<size_t> right = {}) : right_(std::move(right)) {}

  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  // Two spaces between columns, no spaces at the ends of lines.
  std::string text() const;

 private:
  std::vector<size_t> right_;
  std::vector<std::vector<std::string>> rows_;
};
}  // namespace cambium
