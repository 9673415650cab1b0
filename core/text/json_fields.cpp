#include "core/text/json_fields.h"

#include <algorithm>
#include <optional>
#include <span>

#include <simdjson.h>

namespace cambium {
namespace {
using Path = std::vector<std::string>;

Path split_path(const std::string& text) {
  if (!text.starts_with("$.")) return {text};
  Path path;
  for (size_t at = 2; at <= text.size();) {
    const size_t dot = std::min(text.find('.', at), text.size());
    path.push_back(text.substr(at, dot - at));
    at = dot + 1;
  }
  for (const std::string& name : path)
    require(!name.empty(), "'", text, "' is no path in an object: write $.name or $.name.name");
  return path;
}

// The value at the path from `at` on; false when a key on the way stands twice.
bool find(simdjson::dom::element at, std::span<const std::string> path,
          std::optional<simdjson::dom::element>& found) {
  for (const std::string& name : path) {
    simdjson::dom::object object;
    if (at.get(object) != simdjson::SUCCESS) return true;
    int times = 0;
    for (const auto& [key, value] : object)
      if (key == name && times++ == 0) at = value;
    if (times > 1) return false;
    if (times == 0) return true;
  }
  found = at;
  return true;
}

JsonField field_of(simdjson::dom::element value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return {JsonField::kText, std::string(text)};
  if (value.is_null()) return {};
  const bool whole = value.is<int64_t>() || value.is<uint64_t>();
  return {whole ? JsonField::kWhole : JsonField::kOther, simdjson::minify(value)};
}
}  // namespace

struct JsonFields::Parser {
  std::vector<Path> paths;
  simdjson::dom::parser parser;
  size_t room = 0;
};

JsonFields::JsonFields(std::vector<std::string> paths) : parser_(std::make_unique<Parser>()) {
  for (const std::string& path : paths) parser_->paths.push_back(split_path(path));
}

JsonFields::~JsonFields() = default;
JsonFields::JsonFields(JsonFields&&) noexcept = default;

bool JsonFields::read(std::string_view line, std::vector<JsonField>& into) {
  Parser& p = *parser_;
  if (line.size() > p.room) {
    p.room = 2 * line.size();
    if (p.parser.allocate(p.room, 64) != simdjson::SUCCESS) throw std::bad_alloc();
  }
  into.assign(p.paths.size(), {});
  simdjson::dom::element root;
  if (p.parser.parse(line.data(), line.size()).get(root) != simdjson::SUCCESS) return false;
  if (!root.is_object()) return false;
  for (size_t i = 0; i < p.paths.size(); ++i) {
    std::optional<simdjson::dom::element> found;
    if (!find(root, p.paths[i], found)) return false;
    if (found) into[i] = field_of(*found);
  }
  return true;
}
}  // namespace cambium
