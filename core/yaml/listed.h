// Maps of values for options that are lists of texts.
#pragma once
#include "core/text/format.h"
#include "core/yaml/yaml.h"

namespace cambium {
// {a: 0.6} as ["a=0.6"], and the maps of a list each as one text, ["a=0.6 b=0.4"]; other values as
// they are.
inline Yaml listed(const Yaml& value) {
  const auto text = [](const Mark& mark, std::string words) {
    return Yaml{.kind = Yaml::kScalar, .mark = mark, .text = std::move(words), .quoted = true};
  };
  if (!value.is_map() && !value.is_list()) return value;
  Yaml list{.kind = Yaml::kList, .mark = value.mark};
  for (const YamlEntry& e : value.entries)
    list.items.push_back(text(e.value.mark, str(e.key, "=", e.value.text)));
  for (const Yaml& item : value.items) {
    std::string words;
    for (const YamlEntry& e : item.entries)
      words += str(words.empty() ? "" : " ", e.key, "=", e.value.text);
    list.items.push_back(item.is_map() ? text(item.mark, words) : item);
  }
  return list;
}
}  // namespace cambium
