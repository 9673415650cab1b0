// isoFLOP curves and exponents side by side, of `cambium scale`, as text and as JSON.
#pragma once
#include <string>

#include "core/text/json_forward.h"
#include "search/laws/answers/scale.h"

namespace cambium {
// Empty where there is nothing to say.
std::string exponents_text(const GroupAnswer& g, const PointTable& t);
void add_exponents(const GroupAnswer& g, const PointTable& t, Json& json);
}  // namespace cambium
