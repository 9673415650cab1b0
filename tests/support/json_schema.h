// A small validator of JSON Schema (draft 7), for the keywords that app/schema/schema.cpp uses; any
// other keyword is an error, so that nothing in the schema goes unchecked.
#pragma once
#include <cmath>
#include <regex>
#include <set>

#include "core/text/json.h"
#include "core/yaml/expr.h"

namespace cambium::test {
// YAML as an editor reads it: expressions are text.
inline Json json_of(const Yaml& y) {
  if (y.is_map()) {
    Json out = Json::object();
    for (const YamlEntry& e : y.entries) out[e.key] = json_of(e.value);
    return out;
  }
  if (y.is_list()) {
    Json out = Json::array();
    for (const Yaml& item : y.items) out.push_back(json_of(item));
    return out;
  }
  if (y.is_null()) return nullptr;
  if (y.quoted || y.text.find('$') != y.text.npos) return y.text;
  return std::visit([](const auto& v) { return Json(v); }, evaluate(y, Vars{}).variant());
}

class SchemaValidator {
 public:
  explicit SchemaValidator(Json root) : root_(std::move(root)) {}

  // What is wrong with the instance, or "" when nothing is.
  std::string check(const Json& instance) { return check(root_, instance, ""); }

  // The same against one of the definitions.
  std::string check_as(const std::string& definition, const Json& instance) {
    return check(root_.at("definitions").at(definition), instance, "");
  }

  // The keywords met anywhere in the schema that this validator does not know.
  std::set<std::string> unknown_keywords() const {
    std::set<std::string> out;
    collect(root_, out);
    return out;
  }

 private:
  static bool has_type(const Json& v, const std::string& type) {
    if (type == "null") return v.is_null();
    if (type == "boolean") return v.is_boolean();
    if (type == "string") return v.is_string();
    if (type == "array") return v.is_array();
    if (type == "object") return v.is_object();
    if (type == "number") return v.is_number();
    if (type == "integer")
      return v.is_number_integer() ||
             (v.is_number() && v.get<double>() == std::floor(v.get<double>()));
    throw std::logic_error("no such type: " + type);
  }

  std::string check(const Json& s, const Json& v, const std::string& at) {
    const auto wrong = [&](const std::string& what) { return at + ": " + what; };
    if (s.contains("$ref")) {
      const std::string name = s["$ref"].get<std::string>().substr(14);  // "#/definitions/"
      return check(root_.at("definitions").at(name), v, at);
    }
    if (s.contains("type")) {
      const Json types = s["type"].is_array() ? s["type"] : Json::array({s["type"]});
      if (std::ranges::none_of(types, [&](const Json& t) { return has_type(v, t); }))
        return wrong("is not " + types.dump());
    }
    if (s.contains("enum") &&
        std::ranges::none_of(s["enum"], [&](const Json& e) { return e == v; }))
      return wrong(v.dump() + " is none of " + s["enum"].dump());
    if (v.is_number() && s.contains("minimum") && v.get<double>() < s["minimum"].get<double>())
      return wrong("is below " + s["minimum"].dump());
    if (v.is_number() && s.contains("maximum") && v.get<double>() > s["maximum"].get<double>())
      return wrong("is above " + s["maximum"].dump());
    if (v.is_string() && s.contains("pattern") &&
        !std::regex_search(v.get<std::string>(), std::regex(s["pattern"].get<std::string>())))
      return wrong("does not match " + s["pattern"].dump());
    if (const std::string e = check_combined(s, v, at); !e.empty()) return e;
    if (v.is_object()) return check_object(s, v, at);
    if (v.is_array() && s.contains("minItems") && v.size() < s["minItems"].get<size_t>())
      return wrong("has fewer items than " + s["minItems"].dump());
    if (v.is_array() && s.contains("maxItems") && v.size() > s["maxItems"].get<size_t>())
      return wrong("has more items than " + s["maxItems"].dump());
    if (v.is_array() && s.contains("items"))
      for (size_t i = 0; i < v.size(); ++i)
        if (const std::string e = check(s["items"], v[i], at + "/" + std::to_string(i)); !e.empty())
          return e;
    return "";
  }

  std::string check_combined(const Json& s, const Json& v, const std::string& at) {
    if (s.contains("anyOf") &&
        std::ranges::none_of(s["anyOf"], [&](const Json& o) { return check(o, v, at).empty(); }))
      return at + ": fits none of " + std::to_string(s["anyOf"].size()) + " forms: " + v.dump();
    if (s.contains("not") && check(s["not"], v, at).empty()) return at + ": is what it must not be";
    if (!s.contains("if")) return "";
    const char* branch = check(s["if"], v, at).empty() ? "then" : "else";
    return s.contains(branch) ? check(s[branch], v, at) : "";
  }

  std::string check_object(const Json& s, const Json& v, const std::string& at) {
    if (s.contains("required"))
      for (const Json& key : s["required"])
        if (!v.contains(key.get<std::string>())) return at + ": lacks " + key.dump();
    if (s.contains("minProperties") && v.size() < s["minProperties"].get<size_t>())
      return at + ": has too few keys";
    if (s.contains("maxProperties") && v.size() > s["maxProperties"].get<size_t>())
      return at + ": has too many keys";
    for (const auto& [key, value] : v.items()) {
      bool known = false;
      std::string error;
      if (s.contains("properties") && s["properties"].contains(key)) {
        known = true;
        error = check(s["properties"][key], value, at + "/" + key);
      }
      if (s.contains("patternProperties"))
        for (const auto& [pattern, schema] : s["patternProperties"].items())
          if (error.empty() && std::regex_search(key, std::regex(pattern))) {
            known = true;
            error = check(schema, value, at + "/" + key);
          }
      if (!known && s.contains("additionalProperties")) {
        const Json& more = s["additionalProperties"];
        if (more.is_boolean() && !more.get<bool>()) return at + ": unknown key " + key;
        if (more.is_object()) error = check(more, value, at + "/" + key);
      }
      if (!error.empty()) return error;
    }
    return "";
  }

  static void collect(const Json& s, std::set<std::string>& out) {
    static const std::set<std::string> known = {"$schema",
                                                "$ref",
                                                "title",
                                                "description",
                                                "default",
                                                "type",
                                                "enum",
                                                "minimum",
                                                "maximum",
                                                "pattern",
                                                "minItems",
                                                "maxItems",
                                                "anyOf",
                                                "not",
                                                "if",
                                                "then",
                                                "else",
                                                "properties",
                                                "required",
                                                "items",
                                                "minProperties",
                                                "maxProperties",
                                                "patternProperties",
                                                "additionalProperties",
                                                "definitions"};
    static const std::set<std::string> maps = {"properties", "patternProperties", "definitions"};
    if (!s.is_object()) return;
    for (const auto& [key, value] : s.items()) {
      if (!known.contains(key)) out.insert(key);
      if (key == "default" || key == "enum") continue;
      if (maps.contains(key))
        for (const auto& [name, schema] : value.items()) collect(schema, out);
      else if (value.is_array())
        for (const Json& item : value) collect(item, out);
      else
        collect(value, out);
    }
  }

  const Json root_;
};
}  // namespace cambium::test
