// A coordinate check as text, as JSON and as a picture.
#pragma once
#include <string>

#include "core/text/json_forward.h"
#include "search/coordinates/coordinates.h"

namespace cambium {
std::string coordinates_text(const CoordinateCheck& check);
Json coordinates_json(const CoordinateCheck& check);
std::string coordinates_svg(const CoordinateCheck& check);  // changes after the last step by size

// "32,64,128": UserError for anything else.
std::vector<int64_t> parse_sizes(const std::string& text);
}  // namespace cambium
