// JSON values that keep the order of their keys. Only this header and json_forward.h see
// nlohmann-json.
#pragma once
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/text/json_forward.h"

namespace cambium {
// Strict: UserError naming `name` (with line and column where known) for bad syntax, invalid UTF-8,
// a key that stands twice, or nesting deeper than `depth`.
Json parse_json(std::string_view text, const std::string& name, int depth = 64);
Json load_json(const std::string& path);  // RuntimeError when the file cannot be read

// Numbers in shortest form; invalid UTF-8 becomes U+FFFD; NaN and infinities become null. indent
// < 0: one line.
std::string to_text(const Json& value, int indent = -1);
}  // namespace cambium
