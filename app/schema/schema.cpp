#include "app/schema/schema.h"

#include "app/tables/topics.h"
#include "core/text/json.h"
#include "data/dataset.h"
#include "train/adapters/spec.h"
#include "train/parameterisation/support/parameterisation.h"
#include "train/spec/options.h"
#include "train/weights/resize.h"
#include "train/weights/transfer_spec.h"

namespace cambium {
namespace {
// Nothing, or a map of options.
Json options_or_nothing(Json options, std::string_view doc, std::string_view source) {
  Json out = any_of({Json{{"type", "null"}}, std::move(options)});
  out["description"] = str(doc, source.empty() ? "" : "\n", source);
  return out;
}

// Options of a dataset that changes another one.
Json with_inner_data(Json options) {
  options["properties"]["of"] = reference("data");
  options["required"] = {"of"};
  return options;
}

Json data_schema() {
  Json names = Json::array(), kinds = Json::array();
  for (const DatasetKind* d : builtin_datasets()) {
    const std::string name(d->name);
    Json options = options_schema(d->attrs.describe());
    for (auto& [key, option] : options["properties"].items()) {
      if (!d->is_map(key)) continue;
      const Json doc = option["description"];
      const Json word = any_of({Json{{"type", "number"}}, Json{{"type", "string"}}});
      const Json stage = {{"type", "object"}, {"additionalProperties", word}};
      const Json numbers = {{"type", "object"}, {"additionalProperties", {{"type", "number"}}}};
      option = any_of({option, numbers, Json{{"type", "array"}, {"items", stage}}});
      option["description"] = doc;
    }
    Json value = options_or_nothing(options, d->doc, d->source);
    if (d->wrap) {
      value = options_or_nothing(with_inner_data(options), d->doc, d->source);
      value["anyOf"].erase(0);  // the data to change must be named
    }
    Json properties = value["anyOf"].back().at("properties");
    if (!d->primary.empty()) value["anyOf"].push_back(properties.at(std::string(d->primary)));
    properties[name] = std::move(value);  // options may stand beside the name
    if (!d->wrap) names.push_back(name);
    kinds.push_back({{"type", "object"},
                     {"properties", std::move(properties)},
                     {"required", {name}},
                     {"additionalProperties", false}});
  }
  Json out = any_of({Json{{"enum", names}}});
  for (Json& kind : kinds) out["anyOf"].push_back(std::move(kind));
  out["description"] = word_doc(spec_sections(), "data");
  return out;
}

template <class Record> Json table_schema(std::span<const Record* const> table, TextKind text) {
  Json values = Json::object();
  for (const Record* r : table)
    values[std::string(r->name)] =
        options_or_nothing(options_schema(r->attrs.describe(), text), r->doc, r->paper);
  return choice_schema(values);
}

Json train_schema() {
  Json out = options_schema(describe_fields<TrainOptions>());
  Json group = options_schema(describe_fields<GroupOptions>());
  group["required"] = {"match"};
  Json& properties = out["properties"];
  for_each_choice([&](const ChoiceKey& key, auto table, auto) {
    properties[std::string(key.name)] =
        table_schema(table, key.lengths ? TextKind::kLength : TextKind::kPlain);
  });
  properties[std::string(kGroups)] = {
      {"type", "array"},
      {"items", group},
      {"description", "learning rate and decay of parameters by name"}};
  Json& best = properties["best"];
  best = {{"anyOf", metric_names_schema()["anyOf"]}, {"description", best["description"]}};
  out["type"] = {"object", "null"};
  out["description"] = word_doc(spec_sections(), "train");
  return out;
}

Json definition_schema() {
  return any_of(
      {Json{{"type", "array"}, {"items", reference("open_body")}},
       Json{{"type", "object"},
            {"properties",
             {{"params", {{"type", {"object", "null"}}}}, {"body", reference("open_body")}}},
            {"required", {"body"}},
            {"additionalProperties", false}}});
}

Json init_schema() {
  Json out = options_schema(describe_fields<InitOptions>());
  Json rules = Json::array();
  for (const ResizeKind& k : resize_kinds()) rules.push_back(k.name);
  for (const FieldInfo& f : init_fields())
    if (f.type == "map")
      out["properties"][f.name] = {
          {"type", "object"},
          {"additionalProperties",
           f.name == "resize" ? Json{{"enum", rules}} : Json{{"type", "string"}}},
          {"description", f.doc}};
  out["description"] = word_doc(spec_sections(), "init");
  return out;
}

Json freeze_schema() {
  const Json name = {{"type", "string"}};
  const Json names = any_of({name, Json{{"type", "array"}, {"items", name}}});
  Json map = options_schema(describe_fields<FreezeOptions>());
  map["properties"]["names"] = names;
  map["required"] = {"names"};
  Json out = any_of({name, Json{{"type", "array"}, {"items", name}}, map, Json{{"type", "null"}}});
  out["description"] = word_doc(spec_sections(), "freeze");
  return out;
}

Json adapt_schema() {
  const Json name = {{"type", "string"}};
  const Json names = any_of({name, Json{{"type", "array"}, {"items", name}}});
  Json properties = options_schema(describe_fields<AdaptOptions>())["properties"];
  properties["also"]["anyOf"] = names["anyOf"];
  properties["also"].erase("type");
  for (const AdapterMethod* m : builtin_adapters()) {
    Json options = options_schema(m->attrs.describe());
    for (auto& [key, option] : options["properties"].items())
      if (key == "on" || key == "inputs") option["anyOf"] = names["anyOf"], option.erase("type");
    properties[std::string(m->name)] = options_or_nothing(options, m->doc, m->paper);
  }
  Json out = {{"type", {"object", "null"}},
              {"minProperties", 1},
              {"properties", properties},
              {"additionalProperties", false},
              {"description", word_doc(spec_sections(), "adapt")}};
  return out;
}

Json unfreeze_schema() {
  const Json time = any_of({Json{{"type", "integer"}, {"minimum", 1}}, Json{{"type", "string"}}});
  return {{"type", {"object", "null"}},
          {"additionalProperties", time},
          {"description", word_doc(spec_sections(), "unfreeze")}};
}

// `open`: the file may use names that it or another one defines.
Json model_file_schema(bool open) {
  const Json path = {{"type", "string"}};
  const Json blocks = {{"type", "array"}, {"items", reference(open ? "open_body" : "body")}};
  Json properties = {
      {"name", path},
      {"extends", any_of({path, Json{{"type", "array"}, {"items", path}}})},
      {"vars", reference("vars")},
      {"data", reference("data")},
      {"evaluate", evaluation_sets_schema()},
      {"model", blocks},
      {"encoder", blocks},
      {"decoder", blocks},
      {"define", {{"type", {"object", "null"}}, {"additionalProperties", reference("definition")}}},
      {"train", reference("train")},
      {"parameterisation", parameterisation_schema()},
      {"init", init_schema()},
      {"freeze", freeze_schema()},
      {"adapt", adapt_schema()},
      {"unfreeze", unfreeze_schema()},
      {"precision",
       {{"enum", {"f32", "bf16"}}, {"description", word_doc(spec_sections(), "precision")}}}};
  Json out = {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  out["anyOf"] =
      Json::array({Json{{"required", {"extends"}}}, Json{{"required", {"data", "model"}}},
                   Json{{"required", {"data", "encoder", "decoder"}}}});
  return out;
}
}  // namespace

Json evaluation_sets_schema() {
  return {{"type", "object"},
          {"minProperties", 1},
          {"patternProperties", {{"^[A-Za-z][A-Za-z0-9_-]*$", reference("data")}}},
          {"additionalProperties", false},
          {"description", word_doc(spec_sections(), "evaluate")}};
}

Json parameterisation_schema() {
  const Json base = {{"type", "object"},
                     {"minProperties", 1},
                     {"additionalProperties", {{"type", {"number", "string", "boolean"}}}}};
  Json plain = Json::array(), scaled = Json::object();
  for (const Parameterisation* p : builtin_parameterisations())
    if (p->weight)
      scaled[std::string(p->name)] = {{"type", "object"},
                                      {"description", str(p->doc, "\n", p->paper)},
                                      {"properties", {{"base", base}}},
                                      {"required", {"base"}},
                                      {"additionalProperties", false}};
    else
      plain.push_back(p->name);
  Json out = choice_schema(scaled);
  out["anyOf"][0] = {{"enum", plain}};
  out["description"] = word_doc(spec_sections(), "parameterisation");
  return out;
}

Json spec_schema() {
  Json definitions = block_definitions();
  definitions["expression"] = {
      {"type", "string"}, {"pattern", "\\$"}, {"description", "$name or \"${arithmetic}\""}};
  definitions["vars"] = {{"type", {"object", "null"}},
                         {"description", word_doc(spec_sections(), "vars")}};
  definitions["data"] = data_schema();
  definitions["train"] = train_schema();
  definitions["definition"] = definition_schema();
  definitions["study"] = study_schema();
  definitions["search"] = search_schema();
  definitions["published"] = verify_schema();
  definitions["recipe"] = recipe_schema();
  definitions["weights"] = weights_schema();
  definitions["model_file"] = model_file_schema(false);
  definitions["open_model_file"] = model_file_schema(true);
  const auto having = [](const char* key) { return Json{{"required", Json::array({key})}}; };
  const Json open = any_of({having("define"), having("extends")});
  const Json model = {
      {"if", open}, {"then", reference("open_model_file")}, {"else", reference("model_file")}};
  const Json others = {
      {"if", any_of({having("variants"), having("scale"), having("tune"), having("mix")})},
      {"then", reference("study")},
      {"else",
       {{"if", having("space")},
        {"then", reference("search")},
        {"else",
         {{"if", any_of({having("sources"), having("steps")})},
          {"then", reference("recipe")},
          {"else",
           {{"if", having("published")},
            {"then", reference("published")},
            {"else",
             {{"if", any_of({having("family"), having("model_types"), having("harmless")})},
              {"then", reference("weights")},
              {"else", model}}}}}}}}}};
  return {{"$schema", "http://json-schema.org/draft-07/schema#"},
          {"title", "Cambium specs and studies"},
          {"type", "object"},
          {"if", having("family")},  // its variants are other ones than a study's
          {"then", reference("weights")},
          {"else", others},
          {"definitions", std::move(definitions)}};
}
}  // namespace cambium
