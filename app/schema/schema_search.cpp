// JSON Schema of what only searches say (search/study/keys/search_part.h,
// search/space/space_reader.h).
#include "app/schema/schema.h"
#include "core/text/json.h"
#include "search/methods/support/method.h"
#include "search/verify/verify.h"

namespace cambium {
namespace {
Json text_or_texts() {
  const Json text = {{"type", "string"}};
  return any_of({text, Json{{"type", "array"}, {"items", text}, {"minItems", 1}}});
}

Json closed_map(Json properties, Json required) {
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

Json two_ends() {
  return {{"type", "array"},
          {"items", any_of({Json{{"type", "number"}}, reference("expression")})},
          {"minItems", 2},
          {"maxItems", 2}};
}

Json dimension_schema() {
  const Json choices = {{"type", "array"}, {"minItems", 1}}, when = {{"type", "string"}};
  const Json length = any_of({Json{{"type", "integer"}, {"minimum", 1}},
                              Json{{"type", "string"}, {"pattern", "^[0-9]+\\.\\.[0-9]+$"}}});
  const Json step = any_of({Json{{"type", "integer"}, {"minimum", 1}}, reference("expression")});
  return any_of({choices, closed_map({{"values", choices}, {"when", when}}, {"values"}),
                 closed_map({{"int", two_ends()}, {"step", step}, {"when", when}}, {"int"}),
                 closed_map({{"float", two_ends()}, {"when", when}}, {"float"}),
                 closed_map({{"log", two_ends()}, {"when", when}}, {"log"}),
                 closed_map({{"pattern", {{"type", "string"}}}, {"length", length}, {"when", when}},
                            {"pattern", "length"})});
}

}  // namespace

Json method_schema() {
  Json methods = Json::object();
  for (const Method* m : builtin_methods())
    methods[std::string(m->name)] = options_schema(m->attrs.describe());
  return choice_schema(methods);
}

Json results_table_schema() {
  return closed_map({{"table", {{"type", "string"}}},
                     {"key", text_or_texts()},
                     {"columns", {{"type", "object"}, {"additionalProperties", text_or_texts()}}},
                     {"seconds", {{"type", "string"}}}},
                    {"table", "key"});
}

Json space_schema() {
  return {{"type", "object"}, {"additionalProperties", dimension_schema()}, {"minProperties", 1}};
}

Json verify_schema() {
  const auto map = [] { return Json{{"type", "object"}}; };
  Json out = options_schema(describe_fields<VerifyNumbers>());
  for (const char* paths : {"set", "data", "grid"}) out["properties"][paths] = map();
  out["properties"]["settings"] = {
      {"type", "array"}, {"items", {{"type", {"object", "null"}}}}, {"minItems", 1}};
  Json full = out;
  out["properties"]["full"] = std::move(full);
  out["required"] = {"title", "published", "source", "spec", "tolerance"};
  return out;
}
}  // namespace cambium
