// Heat plots: a table of shares, each cell coloured and labelled.
#pragma once
#include <string>
#include <vector>

namespace cambium {
struct HeatPlot {
  std::string title, x_label, y_label;  // of columns and rows
  std::vector<std::string> rows, columns;
  std::vector<double> values;     // [rows, columns], 0 to 1; NaN: an empty cell
  std::vector<char> strong = {};  // columns whose names are bold
  double width = 620;
};

// Colours are from light to dark with dark text in both, and every cell says its percents. Says "no
// data" without rows or columns.
std::string heat_plot(const HeatPlot& plot);
}  // namespace cambium
