// Quantities: numbers as people write them.
#pragma once
#include "core/yaml/expr.h"

namespace cambium {
// 500k, 2.5M, 1e9, 12: a number and, if need be, k, M, G or T. UserError naming `what`.
double quantity(const Yaml& value, const Vars& vars, std::string_view what);

// 3% or 0.03. UserErrors as quantity().
double read_share(const Yaml& yaml, const Vars& vars, std::string_view what);
}  // namespace cambium
