// JSON Schema of options.
#include <cmath>

#include "app/schema/schema.h"
#include "core/text/json.h"

namespace cambium {
namespace {
Json number(double v) {
  return v == std::floor(v) && std::abs(v) < 0x1p53 ? Json(int64_t(v)) : Json(v);
}

Json scalar_schema(const FieldInfo& f, std::string_view type, TextKind text) {
  if (type == "true/false") return {{"type", "boolean"}};
  if (type == "text" && text == TextKind::kLength)
    return any_of({Json{{"type", "integer"}, {"minimum", 0}},
                   Json{{"type", "string"}, {"pattern", "^[0-9.eE+-]+%?$"}}});
  if (type == "text") {
    if (f.choices.empty()) return {{"type", "string"}};
    return {{"type", "string"}, {"enum", f.choices}};
  }
  Json out = {{"type", type == "whole number" ? "integer" : "number"}};
  if (!std::isinf(f.min)) out["minimum"] = number(f.min);
  if (!std::isinf(f.max)) out["maximum"] = number(f.max);
  return out;
}

// The default as JSON; null when the text is not one value.
Json default_of(const FieldInfo& f) {
  if (f.type == "text") return f.default_text;
  if (f.type == "list of text") return nullptr;
  return parse_json(f.default_text, "default");
}
}  // namespace

Json reference(const std::string& definition) {
  return {{"$ref", "#/definitions/" + definition}};
}

Json any_of(std::initializer_list<Json> schemas) {
  Json list = Json::array();
  for (const Json& s : schemas) list.push_back(s);
  return {{"anyOf", std::move(list)}};
}

Json field_schema(const FieldInfo& f, TextKind text) {
  Json out;
  if (f.type.starts_with("list of ")) {
    const std::string item = f.type == "list of text"      ? "text"
                             : f.type == "list of numbers" ? "number"
                                                           : "whole number";
    const Json one = any_of({scalar_schema(f, item, text), reference("expression")});
    out = any_of({one, Json{{"type", "array"}, {"items", one}}});
  } else {
    out = any_of({scalar_schema(f, f.type, text), reference("expression")});
  }
  std::string doc = f.doc;
  if (f.type == "list of text" && f.default_text != "[]")
    doc += str(" (default ", f.default_text, ")");
  out["description"] = doc;
  if (const Json value = default_of(f); !value.is_null()) out["default"] = value;
  return out;
}

Json options_schema(const std::vector<FieldInfo>& fields, TextKind text) {
  Json properties = Json::object();
  for (const FieldInfo& f : fields) properties[f.name] = field_schema(f, text);
  return {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
}

Json choice_schema(const Json& values) {
  Json names = Json::array();
  for (const auto& [name, value] : values.items()) names.push_back(name);
  return any_of({Json{{"enum", names}}, Json{{"type", "object"},
                                             {"properties", values},
                                             {"additionalProperties", false},
                                             {"minProperties", 1},
                                             {"maxProperties", 1}}});
}
}  // namespace cambium
