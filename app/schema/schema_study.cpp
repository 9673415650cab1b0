// JSON Schema of studies (search/study/study.h).
#include "app/schema/schema.h"
#include "app/tables/topics.h"
#include "core/text/json.h"
#include "train/run/metrics.h"

namespace cambium {
namespace {
Json described(Json schema, std::string_view doc) {
  schema["description"] = doc;
  return schema;
}

// 500000, 5e5, 500k or an expression.
Json quantity() {
  return any_of({Json{{"type", "number"}}, Json{{"type", "string"}, {"pattern", "^[0-9.]+[kMGT]$"}},
                 reference("expression")});
}

Json whole(int64_t least) {
  return any_of({Json{{"type", "integer"}, {"minimum", least}}, reference("expression")});
}

Json match() {
  const Json goal = any_of({quantity(), Json{{"enum", {"baseline"}}}});
  const Json share = any_of({quantity(), Json{{"type", "string"}, {"pattern", "^[0-9.]+%$"}}});
  return {{"type", "object"},
          {"properties",
           {{"params", described(goal, "parameters every variant gets, or `baseline`")},
            {"flops", described(goal, "forward FLOPs of an example, or `baseline`")},
            {"free", {{"type", "string"}, {"description", "the value a solver may change"}}},
            {"tolerance", described(share, "how far from the goal a variant may end")}}},
          {"additionalProperties", false}};
}

Json budget() {
  Json kinds = Json::object();
  for (const char* kind : {"steps", "samples", "flops", "seconds"}) kinds[kind] = quantity();
  return {{"type", "object"},
          {"properties", kinds},
          {"additionalProperties", false},
          {"minProperties", 1},
          {"maxProperties", 1}};
}

Json metric() {
  Json names = Json::array(), goals = Json::object();
  for (const std::string& name : validation_metrics()) {
    names.push_back(name);
    goals[name] = {{"enum", {higher_is_better(name) ? "max" : "min"}}};
  }
  return any_of({Json{{"enum", names}}, Json{{"type", "object"},
                                             {"properties", goals},
                                             {"additionalProperties", false},
                                             {"minProperties", 1},
                                             {"maxProperties", 1}}});
}
}  // namespace

Json study_schema() {
  const Json path = {{"type", "string"}}, overrides = {{"type", "object"}};
  Json properties = {
      {"name", path},
      {"base", path},
      {"extends", any_of({path, Json{{"type", "array"}, {"items", path}}})},
      {"variants",
       {{"type", "object"},
        {"minProperties", 1},
        {"additionalProperties", any_of({Json{{"type", "null"}}, path, overrides})}}},
      {"set", overrides},
      {"match", match()},
      {"budget", budget()},
      {"seeds", any_of({whole(1), Json{{"type", "array"}, {"items", whole(0)}}})},
      {"metric", metric()},
      {"alpha", any_of({Json{{"type", "number"}}, reference("expression")})},
      {"least_effect", quantity()},
      {"vary", any_of({path, Json{{"type", "array"}, {"items", path}}})},
      {"published", {{"type", "object"}, {"additionalProperties", {{"type", "number"}}}}},
      {"jobs", whole(0)},
      {"evaluations", whole(0)},
      {"baseline", path}};
  for (auto& [name, schema] : properties.items())
    schema = described(std::move(schema), word_doc(study_keys(), name));
  properties["vars"] = reference("vars");
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", {"variants"}},
          {"additionalProperties", false}};
}
}  // namespace cambium
