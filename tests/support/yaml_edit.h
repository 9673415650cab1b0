// Changes to the tree of a block's sample.
#pragma once
#include <algorithm>
#include <string>

#include "core/yaml/yaml.h"

namespace cambium::test {
inline Yaml scalar_yaml(std::string text) {
  Yaml y;
  y.kind = Yaml::kScalar;
  y.text = std::move(text);
  return y;
}

inline void set_entry(Yaml& map, const std::string& key, Yaml value) {
  if (Yaml* old = map.find(key))
    *old = std::move(value);
  else
    map.entries.push_back({key, {}, std::move(value)});
}

// One entry of a model list as a map, so that modifiers can stand beside the block's name:
// "flatten" is {flatten: }, a list is a body that is repeated once.
inline Yaml as_map(const Yaml& entry) {
  if (entry.is_map()) return entry;
  Yaml map;
  map.kind = Yaml::kMap;
  if (entry.is_scalar()) {
    map.entries.push_back({entry.text, {}, {}});
    return map;
  }
  map.entries.push_back({"repeat", {}, scalar_yaml("1")});
  map.entries.push_back({"body", {}, entry});
  return map;
}

// Sets an option of the first use of a block in an entry; false when it is not used there.
inline bool set_option(Yaml& entry, const std::string& block, const std::string& option,
                       std::string_view primary, const Yaml& value) {
  if (entry.is_scalar() && entry.text == block) entry = as_map(entry);
  if (Yaml* named = entry.find(block)) {
    if (named->is_map())
      set_entry(*named, option, value);
    else if (option == primary)
      *named = value;
    else
      set_entry(entry, option, value);
    return true;
  }
  const auto inside = [&](Yaml& y) { return set_option(y, block, option, primary, value); };
  return std::ranges::any_of(entry.items, inside) ||
         std::ranges::any_of(entry.entries, [&](YamlEntry& e) { return inside(e.value); });
}

inline Yaml list_of(std::vector<Yaml> items) {
  Yaml list;
  list.kind = Yaml::kList;
  list.items = std::move(items);
  return list;
}
}  // namespace cambium::test
