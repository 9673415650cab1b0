// Search table: what a search of a table found, as text.
#pragma once
#include "search/replay/table_answer.h"

namespace cambium {
std::string search_text(const TableStudy& study, const TableSearch& search, const TableAnswer& a);
}  // namespace cambium
