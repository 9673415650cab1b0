// Comma-separated cells with their places (RFC 4180: a quoted cell may hold commas and doubled
// quotes, but no line break).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace cambium {
struct Cell {
  std::string text;  // without spaces around it and without quotes
  Mark mark;
};

// The cells of one line. UserError when a quote is not closed.
std::vector<Cell> cells_of(std::string_view line, const std::string& file, int number);
}  // namespace cambium
