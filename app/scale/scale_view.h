// The answers of `cambium scale` as text and as JSON.
#pragma once
#include <string>

#include "core/text/json_forward.h"
#include "search/laws/answers/scale.h"

namespace cambium {
std::string scale_text(const ScaleAnswer& answer);
Json scale_json(const ScaleAnswer& answer);
// A line a run: inputs, what was measured, what the law says, and their ratio less one.
std::string residuals_csv(const ScaleAnswer& answer);
}  // namespace cambium
