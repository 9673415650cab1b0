// Maps of values for options that are lists of texts.
#pragma once
#include "core/text/format.h"
#include "core/yaml/yaml.h"

namespace cambium {
// {a: 0.6} as ["a=0.6"].
inline Yaml listed(const Yaml& map) {
  Yaml list{.kind = Yaml::kList, .mark = map.mark};
  for (const YamlEntry& e : map.entries)
    list.items.push_back({.kind = Yaml::kScalar,
                          .mark = e.value.mark,
                          .text = str(e.key, "=", e.value.text),
                          .quoted = true});
  return list;
}
}  // namespace cambium
