// JSON Schema of the blocks. An entry of a model list is a block's name, or a map with the block's
// name, its options and the modifiers. Where a spec has definitions of its own ("open_entry"),
// other names are entries too.
#include "app/schema/schema.h"
#include "app/tables/topics.h"
#include "blocks/compose/entry.h"
#include "core/text/json.h"

namespace cambium {
namespace {
Json label(std::string_view modifier) {
  return {{"anyOf", Json::array({Json{{"type", "string"}, {"pattern", "^[A-Za-z_][A-Za-z0-9_]*$"}},
                                 reference("expression")})},
          {"description", word_doc(block_modifiers(), modifier)}};
}

Json toggle(std::string_view modifier) {
  return {{"type", "boolean"}, {"description", word_doc(block_modifiers(), modifier)}};
}

// What any block takes beside its options; schemas of blocks refer to these.
Json modifiers() {
  Json out = Json::object();
  for (const char* name : {"name", "as", "from", "share"}) out[name] = label(name);
  for (const char* name : {"freeze", "recompute"}) out[name] = toggle(name);
  return out;
}

std::string about(const Block& b) {
  std::string text(b.doc);
  if (!b.formula.empty()) text += str("\n", b.formula);
  if (!b.paper.empty()) text += str("\n", b.paper);
  return text;
}

// Options, bodies and modifiers of a block.
Json properties_of(const Block& b, const std::string& body) {
  Json out = Json::object();
  const Json all = modifiers();
  for (const auto& [name, schema] : all.items()) out[name] = reference("modifier_" + name);
  for (const FieldInfo& f : b.attrs.describe()) out[f.name] = field_schema(f);
  for (std::string_view name : b.bodies) out[std::string(name)] = reference(body);
  return out;
}

// Matches the keys that a pattern may name.
std::string letters() {
  std::string all;
  bool dash = false;  // stands last, where it is no range
  for (char c = ' '; c <= '~'; ++c) {
    if (!is_pattern_letter(std::string(1, c))) continue;
    dash |= c == '-';
    if (c != '-') all += c;
  }
  return str("^[", all, dash ? "-" : "", "]$");
}

Json object_of(const Block& b, Json properties, const std::string& body) {
  Json out = {{"type", "object"}, {"properties", std::move(properties)}};
  if (b.any_option) out["patternProperties"] = {{letters(), reference(body)}};
  out["additionalProperties"] = false;
  return out;
}

// What stands after `block:`: nothing, a map of options, or the primary option's value.
Json value_of(const Block& b, const Json& properties, const std::string& body) {
  Json out = any_of({Json{{"type", "null"}}, object_of(b, properties, body)});
  if (!b.primary.empty()) {
    Json primary = properties.at(std::string(b.primary));
    out["anyOf"].push_back(std::move(primary));
  }
  out["description"] = about(b);
  return out;
}

Json entry_of(const Block& b, const std::string& body) {
  const std::string name(b.name);
  const Json properties = properties_of(b, body);
  Json outer = {{name, value_of(b, properties, body)}};
  for (const auto& [key, value] : properties.items())
    if (key != name) outer[key] = value;
  Json out = object_of(b, std::move(outer), body);
  out["required"] = Json::array({name});
  return out;
}

// The definitions "<prefix>entry" and "<prefix>body"; blocks with bodies of their own refer to the
// latter.
void add_entries(Json& definitions, const std::string& prefix, bool open) {
  const std::string body = prefix + "body";
  Json names = Json::array(), blocks = Json::array(), named = Json::array();
  for (const Block* b : builtin_blocks()) {
    const std::string name(b->name);
    const bool nests = !b->bodies.empty() || b->any_option;
    const std::string definition = (nests ? prefix : "") + "block_" + name;
    if (!definitions.contains(definition)) definitions[definition] = entry_of(*b, body);
    names.push_back(name);
    blocks.push_back(reference(definition));
    named.push_back({{"required", Json::array({name})}});
  }
  Json entry = any_of({open ? Json{{"type", "string"}} : Json{{"enum", names}}});
  for (Json& b : blocks) entry["anyOf"].push_back(std::move(b));
  if (open)  // a use of a definition: whatever it takes, but no block's name beside it
    entry["anyOf"].push_back(
        {{"type", "object"}, {"minProperties", 1}, {"not", {{"anyOf", named}}}});
  definitions[prefix + "entry"] = std::move(entry);
  definitions[body] =
      any_of({reference(prefix + "entry"), Json{{"type", "array"}, {"items", reference(body)}}});
}
}  // namespace

Json block_definitions() {
  Json definitions = Json::object();
  const Json all = modifiers();
  for (const auto& [name, schema] : all.items()) definitions["modifier_" + name] = schema;
  add_entries(definitions, "", false);
  add_entries(definitions, "open_", true);
  return definitions;
}
}  // namespace cambium
