// JsonFields: some values of many objects, one a line, read at the speed of memory. The one user of
// simdjson.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace cambium {
struct JsonField {
  enum Kind { kMissing, kText, kWhole, kOther } kind = kMissing;

  std::string text;  // of a text; else the value as JSON
};

class JsonFields {
 public:
  // Each a key of the object, or a path from it: "$.meta.lang". UserError for a path without names.
  explicit JsonFields(std::vector<std::string> paths);
  ~JsonFields();
  JsonFields(JsonFields&&) noexcept;

  // One value a path; null counts as missing. False when the line is no object in strict JSON and
  // UTF-8 of at most 64 levels, or where one of these keys stands twice: parse_json() says why.
  bool read(std::string_view line, std::vector<JsonField>& into);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};
}  // namespace cambium
