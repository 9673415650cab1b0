// JSON values that keep the order of their keys. Only this header and json_forward.h see
// nlohmann-json.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/text/json_forward.h"

namespace cambium {
// Strict: UserError naming `name` (with line and column where known) for bad syntax, invalid UTF-8,
// a key that stands twice, or nesting deeper than `depth`.
Json parse_json(std::string_view text, const std::string& name, int depth = 64);
Json load_json(const std::string& path);  // RuntimeError when the file cannot be read

// An object of many keys, in the order of the file. A Json looks through all its keys for one, so
// that of a hundred thousand it would take minutes.
struct JsonPairs {
  std::string of, key;  // the object that stands under `key` of the object under the top's key `of`
  std::vector<std::pair<std::string, Json>> pairs;  // of texts, numbers and such; objects are not
};

// The same, but this object is left empty in what is answered, and its pairs are in `apart`.
Json load_json(const std::string& path, JsonPairs& apart);

// Numbers in shortest form; invalid UTF-8 becomes U+FFFD; NaN and infinities become null. indent
// < 0: one line.
std::string to_text(const Json& value, int indent = -1);
}  // namespace cambium
