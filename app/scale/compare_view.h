// Groups compared, of `cambium scale`, as text and as JSON.
#pragma once
#include <string>

#include "core/text/json_forward.h"
#include "search/laws/answers/scale.h"

namespace cambium {
Json interval_json(Interval i);  // [low, high]

// A line for every two groups; empty when there are none.
std::string comparisons_text(const ScaleAnswer& answer);
Json comparisons_json(const ScaleAnswer& answer);
}  // namespace cambium
