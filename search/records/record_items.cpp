#include "search/records/record_items.h"

#include <charconv>

namespace cambium {
std::vector<double> numbers_of(const JsonItem& item, const char* key) {
  std::vector<double> out;
  const Json* list = item.find(key);
  if (!list) return out;
  require(list->is_array(), item.where(), ": '", key, "' is not a list");
  for (const Json& v : *list) {
    require(v.is_number() || v.is_null(), item.where(), ": '", key, "' holds what is no number");
    out.push_back(v.is_null() ? kUnknown : v.get<double>());
  }
  return out;
}

Interval interval_of(const JsonItem& item, const char* key) {
  const std::vector<double> ends = numbers_of(item, key);
  require(ends.empty() || ends.size() == 2, item.where(), ": '", key, "' is no [low, high]");
  return ends.empty() ? Interval{kUnknown, kUnknown} : Interval{ends[0], ends[1]};
}

std::vector<double> ends_of(const JsonItem& item, const char* key, size_t end) {
  std::vector<double> out;
  const Json* list = item.find(key);
  if (!list) return out;
  require(list->is_array(), item.where(), ": '", key, "' is not a list");
  for (const Json& pair : *list) {
    require(pair.is_array() && pair.size() == 2, item.where(), ": '", key,
            "' holds what is no [low, high]");
    out.push_back(pair[end].is_number() ? pair[end].get<double>() : kUnknown);
  }
  return out;
}

double number_in(const Csv& csv, size_t row, size_t column) {
  const std::string& cell = csv.rows[row][column];
  double value = kUnknown;
  const auto [end, fault] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (fault != std::errc() || end != cell.data() + cell.size())
    throw UserError(str("'", cell, "' is not a number"), "write the folder again with -o",
                    {csv.file, csv.lines[row], 1, 1});
  return value;
}
}  // namespace cambium
