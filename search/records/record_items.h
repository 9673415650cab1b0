// What records of searches and laws read alike: lists of numbers, in which null is unknown.
#pragma once
#include "core/text/csv.h"
#include "core/text/json_item.h"
#include "search/verdict/stats.h"

namespace cambium {
// Empty where the key is missing. UserError when it is no list, or holds something else than
// numbers and nulls.
std::vector<double> numbers_of(const JsonItem& item, const char* key);
// [low, high]; unknown where the key is missing or an end is null. UserError for another length.
Interval interval_of(const JsonItem& item, const char* key);
// The low (end 0) or high (end 1) ends of a list of such pairs.
std::vector<double> ends_of(const JsonItem& item, const char* key, size_t end);
// Of a table that a program of ours wrote. UserError with the line for what is no number.
double number_in(const Csv& csv, size_t row, size_t column);
}  // namespace cambium
