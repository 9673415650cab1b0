#include "search/study/spec_edit.h"

namespace cambium {
Yaml scalar_yaml(std::string text) {
  Yaml yaml;
  yaml.kind = Yaml::kScalar;
  yaml.text = std::move(text);
  return yaml;
}

void set_train(Yaml& root, std::string_view key, std::string text, const Mark& mark) {
  if (!root.find("train")) {
    root.entries.push_back({"train", {}, {}});
    root.entries.back().value.kind = Yaml::kMap;
  }
  Yaml& train = *root.find("train");
  Yaml value = scalar_yaml(std::move(text));
  value.mark = mark;
  if (Yaml* old = train.find(key))
    *old = std::move(value);
  else
    train.entries.push_back({std::string(key), {}, std::move(value)});
}

void drop_train(Yaml& root, std::string_view key) {
  if (Yaml* train = root.find("train"))
    std::erase_if(train->entries, [&](const YamlEntry& e) { return e.key == key; });
}

Spec with_seed(Spec spec, std::span<const YamlEntry> vary, int64_t seed) {
  for (const YamlEntry& e : vary)
    apply_override(spec.root, e.key, scalar_yaml(str(seed)), e.key_mark);
  return spec;
}
}  // namespace cambium
