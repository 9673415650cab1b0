// JSON Schema of studies, from the list of their keys (search/study/study_keys.h).
#include "app/schema/schema.h"
#include "core/text/json.h"
#include "search/study/study_keys.h"
#include "search/study/tune_settings.h"
#include "train/run/metrics.h"

namespace cambium {
namespace {
Json described(Json schema, std::string_view doc) {
  schema["description"] = doc;
  return schema;
}

// 500000, 5e5, 500k or an expression.
Json quantity(int64_t least = 0) {
  return any_of({Json{{"type", "number"}, {"minimum", least}},
                 Json{{"type", "string"}, {"pattern", "^[0-9.]+[kMGT]$"}},
                 reference("expression")});
}

Json whole(int64_t least) {
  return any_of({Json{{"type", "integer"}, {"minimum", least}}, reference("expression")});
}

std::string metric_of_set_pattern() {
  std::string all;
  for (const std::string& name : validation_metrics())
    all += (all.empty() ? "" : "|") + name.substr(name.find('.') + 1);
  return str("^val\\.(", all, ")\\.[A-Za-z0-9][A-Za-z0-9_.-]*$");
}

Json metric() {
  Json goals = Json::object();
  for (const std::string& name : validation_metrics())
    goals[name] = {{"enum", {higher_is_better(name) ? "max" : "min"}}};
  return any_of(
      {metric_names_schema(),
       Json{{"type", "object"},
            {"properties", goals},
            {"patternProperties", {{metric_of_set_pattern(), {{"enum", {"min", "max"}}}}}},
            {"additionalProperties", false},
            {"minProperties", 1},
            {"maxProperties", 1}}});
}

Json text() {
  return {{"type", "string"}};
}

Json one_or_list(const Json& one, const Json& item) {
  return any_of({one, Json{{"type", "array"}, {"items", item}}});
}

Json map_of(const Json& values) {
  return {{"type", "object"}, {"additionalProperties", values}};
}

// A method's name, {name: options}, or the options of halving.
Json rungs_schema() {
  Json methods = Json::object();
  const auto options_of = [](const RungMethod& m) {
    Json out = options_schema(m.attrs.describe());
    Json& keep = out["properties"]["keep"];
    keep = any_of({keep, Json{{"type", "string"}, {"pattern", "^[0-9.]+/[0-9.]+$"}}});
    return out;
  };
  for (const RungMethod* m : builtin_rung_methods()) methods[std::string(m->name)] = options_of(*m);
  return any_of({choice_schema(methods), options_of(find_rung_method("halving", {}))});
}

// At least one of them.
Json some_of(const Json& values) {
  Json out = map_of(values);
  out["minProperties"] = 1;
  return out;
}

Json tasks_schema() {
  const Json task = {{"type", "object"}, {"properties", {{"name", text()}, {"metric", metric()}}}};
  return {{"type", "array"}, {"items", task}, {"minItems", 1}};
}

// What searches say, and studies that choose settings.
Json searched_schema(KeyForm form, StudyKinds kind) {
  switch (form) {
    case KeyForm::kBase:
      return kind == kOfTables ? results_table_schema() : text();
    case KeyForm::kSpace:
      return kind == kOfVariants ? space_schema()
                                 : any_of({Json{{"enum", {"table"}}}, space_schema()});
    case KeyForm::kGoals:
      return some_of(Json{{"enum", {"max", "min"}}});
    case KeyForm::kAmountOfEach:
      return map_of(any_of({Json{{"type", "number"}},
                            Json{{"type", "string"}, {"pattern", "^-?[0-9.]+[kMGT]$"}},
                            reference("expression")}));
    default:
      throw InternalError("the form of a key within a key is a plain one");
  }
}

Json value_schema(KeyForm form, StudyKinds kind, int64_t least = 0) {
  const Json number = {{"type", "number"}, {"minimum", least}}, overrides = {{"type", "object"}};
  switch (form) {
    case KeyForm::kText:
      return text();
    case KeyForm::kTexts:
      return one_or_list(text(), text());
    case KeyForm::kNumber:
      return any_of({number, reference("expression")});
    case KeyForm::kQuantity:
      return quantity(least);
    case KeyForm::kQuantities:
      return one_or_list(quantity(), quantity());
    case KeyForm::kShare:
      return any_of({quantity(), Json{{"type", "string"}, {"pattern", "^[0-9.]+%$"}}});
    case KeyForm::kCost:
      return any_of({quantity(), Json{{"enum", {"baseline"}}}});
    case KeyForm::kSeeds:
      return one_or_list(whole(1), whole(0));
    case KeyForm::kMetric:
      return metric();
    case KeyForm::kTarget:
      return any_of({text(), some_of(Json{{"type", "number"}, {"minimum", 0}})});
    case KeyForm::kOverrides:
      return overrides;
    case KeyForm::kParameterisation:
      return parameterisation_schema();
    case KeyForm::kDataSets:
      return evaluation_sets_schema();
    case KeyForm::kTasks:
      return tasks_schema();
    case KeyForm::kVariants:
      return some_of(any_of({Json{{"type", "null"}}, text(), overrides}));
    case KeyForm::kNumberOfEach:
      return map_of(Json{{"type", "number"}});
    case KeyForm::kMethod:
      return method_schema();
    case KeyForm::kWhole:
      return whole(least);
    case KeyForm::kRungs:
      return rungs_schema();
    case KeyForm::kVars:
      return reference("vars");
    default:
      return searched_schema(form, kind);
  }
}

Json parts_schema(const StudyKey& key) {
  Json properties = Json::object();
  for (const StudyKeyPart& p : key.parts)
    properties[std::string(p.name)] = described(value_schema(p.form, kOfVariants, p.least), p.doc);
  Json out = {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  if (key.form == KeyForm::kOneOf) {
    out["minProperties"] = 1;
    out["maxProperties"] = 1;
  }
  return out;
}

Json key_schema(const StudyKey& key, StudyKinds kind) {
  if (key.form == KeyForm::kVars) return value_schema(key.form, kind);  // has a text
  if (key.field) return field_schema(*key.field);
  if (key.form == KeyForm::kSeeds)
    return described(any_of({value_schema(key.form, kind), parts_schema(key)}), key.doc);
  if (!key.parts.empty()) return described(parts_schema(key), key.doc);
  if (!key.options) return described(value_schema(key.form, kind), key.doc);
  Json out = options_schema(key.options());
  if (key.form == KeyForm::kSearch) {
    out["properties"]["method"] = method_schema();
    if (kind != kOfTables)
      out["properties"]["rungs"] =
          described(value_schema(KeyForm::kRungs, kind), "pauses at which the best go on");
  }
  return described(out, key.doc);
}

Json keys_schema(StudyKinds kind) {
  Json properties = Json::object();
  for (const StudyKey& key : study_key_list())
    if (key.of & kind) properties[std::string(key.name)] = key_schema(key, kind);
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}
}  // namespace

Json metric_names_schema() {
  return any_of({Json{{"enum", validation_metrics()}},
                 Json{{"type", "string"}, {"pattern", metric_of_set_pattern()}}});
}

Json study_schema() {
  Json out = keys_schema(kOfVariants);
  out["anyOf"] = {{{"required", {"variants"}}},
                  {{"required", {"scale"}}},
                  {{"required", {"tune"}}},
                  {{"required", {"mix"}}}};
  return out;
}

// A table has none of the keys of trainings.
Json search_schema() {
  const Json table = {{"properties", {{"base", {{"type", "object"}}}}}, {"required", {"base"}}};
  return {{"if", table}, {"then", keys_schema(kOfTables)}, {"else", keys_schema(kOfModels)}};
}
}  // namespace cambium
