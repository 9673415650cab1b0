// The schema of recipes of corpora.
#include "app/schema/schema.h"
#include "core/text/json.h"
#include "data/recipe/recipe.h"

namespace cambium {
namespace {
Json closed(Json properties) {
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

Json texts() {
  const Json text = {{"type", "string"}};
  return any_of({text, Json{{"type", "array"}, {"items", text}, {"minItems", 1}}});
}

Json source_schema() {
  Json out = options_schema(describe_fields<RecipeSource>());
  const Json amount = {{"type", {"number", "string"}}};
  out["properties"]["path"] = texts();
  out["properties"]["longest"] = amount;
  out["properties"]["meta"] = {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
  out["required"] = {"path"};
  return any_of({texts(), out});
}

// `name`, `{name: {options}}` or `{name: value of its primary option}`.
Json step_schema() {
  Json names = Json::array(), steps = Json::object(), families = Json::object();
  for (const CurationKind* k : builtin_steps()) {
    Json options = options_schema(k->attrs.describe());
    const std::string maps(k->maps), primary(k->primary), name(k->name);
    if (!maps.empty())
      options["properties"][maps] =
          any_of({options["properties"][maps],
                  Json{{"type", "object"}, {"additionalProperties", {{"type", "string"}}}}});
    Json value = any_of({Json{{"type", "null"}}, options});
    if (!primary.empty()) value["anyOf"].push_back(options["properties"][primary]);
    value["description"] = str(k->doc, "\n", k->source);
    names.push_back(name);
    steps[name] = std::move(value);
    for (const std::string family : {"quality", "repetition"})
      if (name.ends_with("_" + family)) {
        const std::string set = name.substr(0, name.size() - family.size() - 1);
        families[family]["enum"].push_back(set);
        families[family]["sets"][set] = options;
      }
  }
  for (const auto& [family, found] : families.items())
    steps[family] = any_of({Json{{"enum", found["enum"]}}, closed(found["sets"])});
  Json one = closed(steps);
  one["minProperties"] = one["maxProperties"] = 1;
  return any_of({Json{{"enum", names}}, one});
}
}  // namespace

Json recipe_schema() {
  const Json share = {{"type", {"number", "string"}}};
  return closed(
      {{"vars", reference("vars")},
       {"extends", texts()},
       {"append", {{"type", "string"}}},
       {"sources",
        {{"type", "object"}, {"minProperties", 1}, {"additionalProperties", source_schema()}}},
       {"steps", {{"type", "array"}, {"items", step_schema()}}},
       {"split",
        closed({{"val", share}, {"test", share}, {"by", {{"enum", {"document", "cluster"}}}}})},
       {"shards", closed({{"size", share},
                          {"compression", {{"enum", {"zst"}}}},
                          {"level", {{"type", "integer"}, {"minimum", 1}, {"maximum", 19}}}})}});
}
}  // namespace cambium
