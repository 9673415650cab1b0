// JSON Schema of searches (search/replay/table_study.h, search/space/space_reader.h).
#include "app/schema/schema.h"
#include "app/tables/catalogue.h"
#include "core/text/json.h"
#include "search/replay/table_study.h"

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

Json space_schema() {
  return {{"type", "object"}, {"additionalProperties", dimension_schema()}, {"minProperties", 1}};
}

Json search_schema() {
  const Json text = {{"type", "string"}};
  Json search = options_schema(describe_fields<SearchSettings>());
  search["properties"]["method"] = method_schema();
  const Json amount =
      any_of({Json{{"type", "number"}}, Json{{"type", "string"}, {"pattern", "^-?[0-9.]+[kMGT]$"}},
              reference("expression")});
  Json properties = {
      {"name", text},
      {"extends", text_or_texts()},
      {"vars", reference("vars")},
      {"base",
       closed_map({{"table", text},
                   {"key", text_or_texts()},
                   {"columns", {{"type", "object"}, {"additionalProperties", text_or_texts()}}},
                   {"seconds", text}},
                  {"table", "key"})},
      {"space",
       any_of({Json{{"enum", {"table"}}}, space_schema()})},
      {"where", text_or_texts()},
      {"objectives",
       {{"type", "object"},
        {"additionalProperties", {{"enum", {"max", "min"}}}},
        {"minProperties", 1}}},
      {"reference", {{"type", "object"}, {"additionalProperties", amount}}},
      {"search", std::move(search)},
      {"finalists", options_schema(describe_fields<FinalistSettings>())}};
  for (const CatalogueEntry& e : catalogue_of("search key"))
    properties.at(e.name)["description"] = e.doc;
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}
}  // namespace cambium
