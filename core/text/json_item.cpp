#include "core/text/json_item.h"

#include <cmath>

namespace cambium {
namespace {
const Json& no_items() {
  static const Json none = Json::array();
  return none;
}

const Json& no_keys() {
  static const Json none = Json::object();
  return none;
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : to_text(value);
}
}  // namespace

JsonItem::JsonItem(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
  require(json_.is_object(), where_, " is not an object");
}

const Json* JsonItem::find(const char* key) const {
  const auto it = json_.find(key);
  return it == json_.end() || it->is_null() ? nullptr : &*it;
}

double JsonItem::number(const char* key, double otherwise) const {
  const Json* v = find(key);
  if (!v) return otherwise;
  require(v->is_number(), where_, ": '", key, "' is not a number");
  return v->get<double>();
}

int64_t JsonItem::whole(const char* key, int64_t otherwise) const {
  const Json* v = find(key);
  if (!v) return otherwise;
  require(v->is_number(), where_, ": '", key, "' is not a number");
  if (v->is_number_integer() && !v->is_number_unsigned()) return v->get<int64_t>();
  const auto value = v->get<double>();
  require(std::abs(value) <= 9e15 && value == std::floor(value), where_, ": '", key,
          "' is no whole number of a size that can be");
  return int64_t(value);
}

bool JsonItem::yes(const char* key, bool otherwise) const {
  const Json* v = find(key);
  if (!v) return otherwise;
  require(v->is_boolean(), where_, ": '", key, "' is neither true nor false");
  return v->get<bool>();
}

std::string JsonItem::text(const char* key) const {
  const Json* v = find(key);
  return v ? text_of(*v) : std::string();
}

std::string JsonItem::needed_text(const char* key) const {
  require(find(key), where_, ": '", key, "' is missing");
  return text(key);
}

const Json& JsonItem::list(const char* key) const {
  const Json* v = find(key);
  if (!v) return no_items();
  require(v->is_array(), where_, ": '", key, "' is not a list");
  return *v;
}

std::vector<JsonItem> JsonItem::items(const char* key) const {
  std::vector<JsonItem> out;
  for (const Json& v : list(key)) out.emplace_back(v, str(where_, ": ", key, "[", out.size(), "]"));
  return out;
}

std::vector<std::string> JsonItem::texts(const char* key) const {
  std::vector<std::string> out;
  for (const Json& v : list(key)) out.push_back(text_of(v));
  return out;
}

JsonItem JsonItem::item(const char* key) const {
  const Json* v = find(key);
  return {v ? *v : no_keys(), str(where_, ": ", key)};
}

NamedNumbers JsonItem::numbers(const char* key) const {
  NamedNumbers out;
  const Json* v = find(key);
  if (v && v->is_object())
    for (const auto& [name, value] : v->items())
      if (value.is_number()) out.emplace_back(name, value.get<double>());
  return out;
}
}  // namespace cambium
