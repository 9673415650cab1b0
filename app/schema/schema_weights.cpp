// The schema of mapping files of published weights (configs/weights).
#include "app/schema/schema.h"
#include "core/text/json.h"
#include "train/hub/layouts.h"

namespace cambium {
namespace {
Json object_of(Json values) {
  return {{"type", "object"}, {"additionalProperties", std::move(values)}};
}

Json only_these(Json properties) {
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

Json text_schema() {
  return {{"type", "string"}};
}

Json list_of_texts() {
  return {{"type", "array"}, {"items", text_schema()}};
}

Json values_schema() {
  return {{"type", {"number", "string", "boolean"}}};
}

// A variable, a list of them, or one of what a key may say.
Json config_key_schema() {
  const Json allowed = {{"type", "array"}, {"minItems", 1}};
  return any_of({text_schema(), list_of_texts(),
                 only_these({{"var", text_schema()},
                             {"values", object_of(values_schema())},
                             {"null_is", values_schema()},
                             {"only", allowed},
                             {"each", allowed},
                             {"count", text_schema()},
                             {"cure", text_schema()}})});
}

// Kinds of layers with theirs and ours, and those that go by a variable.
Json rows_schema() {
  Json kinds = Json::object();
  for (const LayerKind& k : layer_kinds()) {
    Json rows = object_of(any_of({text_schema(), list_of_texts()}));
    rows["description"] = k.doc;
    kinds[std::string(k.name)] = std::move(rows);
  }
  const Json lists = {{"type", "array"}, {"items", only_these(kinds)}};
  Json when = object_of(any_of({lists, text_schema()}));
  when["required"] = {"when"};
  return {{"type", "array"}, {"items", any_of({only_these(kinds), when})}};
}
}  // namespace

Json weights_schema() {
  const Json texts = object_of(text_schema()), vars = object_of(values_schema());
  const Json any_object = {{"type", "object"}};
  const Json variant = only_these({{"name", text_schema()},
                                   {"has", text_schema()},
                                   {"architectures", list_of_texts()},
                                   {"vars", vars},
                                   {"fresh", list_of_texts()}});
  return only_these({{"extends", text_schema()},
                     {"family", text_schema()},
                     {"text", text_schema()},
                     {"model_types", object_of(vars)},
                     {"architectures", texts},
                     {"variants", {{"type", "array"}, {"items", variant}}},
                     {"vars", vars},
                     {"config", object_of(config_key_schema())},
                     {"harmless", texts},
                     {"shapes", object_of({{"type", "array"}, {"minItems", 2}})},
                     {"counts", texts},
                     {"recognised_by", list_of_texts()},
                     {"prefix", text_schema()},
                     {"renamed", texts},
                     {"tensors", rows_schema()},
                     {"ties", texts},
                     {"dropped", list_of_texts()},
                     {"kept", list_of_texts()},
                     {"guesses", vars},
                     {"pinned", object_of(vars)},
                     {"spec", any_object},
                     {"spec_of", text_schema()},
                     {"text_data", any_object}});
}
}  // namespace cambium
