#include "viz/model/model_json.h"

#include "core/text/json.h"

namespace cambium {
namespace {
constexpr int kVersion = 1;  // of the format; keys may be added without a new one
constexpr std::string_view kBoxKinds[] = {"block", "op", "input", "state", "output"};
constexpr std::string_view kArrowKinds[] = {"data", "residual", "adjacency", "state"};
constexpr Tint kTints[] = {Tint::kGrid,    Tint::kTokens,  Tint::kGraph, Tint::kVector,
                           Tint::kAdapter, Tint::kReorder, Tint::kPlain};

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json place_of(const Mark& mark) {
  if (!mark.known()) return nullptr;
  return {{"file", mark.file}, {"line", mark.line}, {"column", mark.column}};
}

Json type_of(const Box& b) {
  Json shape = Json::array();
  for (const int64_t n : b.out.shape.dims()) shape.push_back(n);
  return {{"dtype", name_of(b.out.dtype)}, {"shape", shape}};
}

Json box_json(const ModelPicture& m, size_t id) {
  const Box& b = m.boxes[id];
  return {{"id", id},
          {"parent", b.parent < 0 ? Json(nullptr) : Json(b.parent)},
          {"path", b.path},
          {"label", b.label},
          {"kind", kBoxKinds[size_t(b.kind)]},
          {"op", text_or_null(b.op)},
          {"detail", text_or_null(b.detail)},
          {"attributes", text_or_null(b.attrs)},
          {"domain", style_of(b.tint).name},
          {"repeat", b.repeat},
          {"chained", b.chained},
          {"parameters", b.parameters},
          {"frozen", b.frozen},
          {"flops", b.flops},
          {"ms", m.heat ? Json(b.ms) : Json(nullptr)},
          {"out", type_of(b)},
          {"place", place_of(b.mark)},
          {"children", b.children}};
}

Json heat_json(const Heat& heat) {
  Json elsewhere = Json::array();
  for (const auto& [what, ms] : heat.elsewhere) elsewhere.push_back({{"what", what}, {"ms", ms}});
  return {{"step_ms", heat.step_ms}, {"hottest_ms", heat.hottest_ms}, {"elsewhere", elsewhere}};
}

Json a(const char* type, bool nullable = false) {
  return {{"type", nullable ? Json({type, "null"}) : Json(type)}};
}

Json whole_from(int64_t least, bool nullable = false) {
  Json out = a("integer", nullable);
  out["minimum"] = least;
  return out;
}

Json number_from_zero(bool nullable = false) {
  Json out = a("number", nullable);
  out["minimum"] = 0;
  return out;
}

Json list_of(Json items) {
  return {{"type", "array"}, {"items", std::move(items)}};
}

Json one_of(std::span<const std::string_view> names) {
  Json all = Json::array();
  for (const std::string_view name : names) all.push_back(name);
  return {{"enum", all}};
}

// An object with all of these keys and no others.
Json object_of(Json properties, bool nullable = false) {
  Json required = Json::array();
  for (const auto& [key, value] : properties.items()) required.push_back(key);
  Json out = a("object", nullable);
  out["properties"] = std::move(properties);
  out["required"] = std::move(required);
  out["additionalProperties"] = false;
  return out;
}

Json box_schema() {
  std::vector<std::string_view> domains;
  for (const Tint t : kTints) domains.push_back(style_of(t).name);
  return object_of(
      {{"id", whole_from(0)},
       {"parent", whole_from(0, true)},
       {"path", a("string")},
       {"label", a("string")},
       {"kind", one_of(kBoxKinds)},
       {"op", a("string", true)},
       {"detail", a("string", true)},
       {"attributes", a("string", true)},
       {"domain", one_of(domains)},
       {"repeat", whole_from(1)},
       {"chained", a("boolean")},
       {"parameters", whole_from(0)},
       {"frozen", whole_from(0)},
       {"flops", number_from_zero()},
       {"ms", number_from_zero(true)},
       {"out", object_of({{"dtype", a("string")}, {"shape", list_of(whole_from(0))}})},
       {"place",
        object_of({{"file", a("string")}, {"line", whole_from(1)}, {"column", whole_from(0)}},
                  true)},
       {"children", list_of(whole_from(1))}});
}
}  // namespace

Json to_json(const ModelPicture& m) {
  Json boxes = Json::array(), arrows = Json::array();
  for (size_t id = 0; id < m.boxes.size(); ++id) boxes.push_back(box_json(m, id));
  for (const Arrow& arrow : m.arrows)
    arrows.push_back({{"from", arrow.from},
                      {"to", arrow.to},
                      {"kind", kArrowKinds[size_t(arrow.kind)]},
                      {"shapes", arrow.shapes}});
  return {{"version", kVersion},
          {"title", m.title},
          {"boxes", boxes},
          {"arrows", arrows},
          {"heat", m.heat ? heat_json(*m.heat) : Json(nullptr)}};
}

Json model_schema() {
  const Json elsewhere = object_of({{"what", a("string")}, {"ms", number_from_zero()}});
  Json out = object_of({{"version", {{"enum", {kVersion}}}},
                        {"title", a("string")},
                        {"boxes", list_of(box_schema())},
                        {"arrows", list_of(object_of({{"from", whole_from(0)},
                                                      {"to", whole_from(0)},
                                                      {"kind", one_of(kArrowKinds)},
                                                      {"shapes", list_of(a("string"))}}))},
                        {"heat", object_of({{"step_ms", number_from_zero()},
                                            {"hottest_ms", number_from_zero()},
                                            {"elsewhere", list_of(elsewhere)}},
                                           true)}});
  out["$schema"] = "http://json-schema.org/draft-07/schema#";
  out["title"] = "The model of a cambium picture (cambium graph SPEC -o x.json)";
  return out;
}
}  // namespace cambium
