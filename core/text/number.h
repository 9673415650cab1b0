// Numbers and names as specs write them.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "core/fields.h"

namespace cambium {
bool is_name(std::string_view word);  // a letter or _, then letters, digits, _

// Reads a decimal number: digits with an optional sign, fraction and exponent, whatever the locale.
// Whole numbers are int64. nullopt when the text is not a number at all; a leading zero or an
// overflow is a UserError without a mark.
std::optional<ArgValue> read_number(std::string_view text);

std::vector<int64_t> divisors_of(int64_t n);  // of n >= 1, rising; in the time of its root
}  // namespace cambium
