#include "search/study/spec_edit.h"

#include <algorithm>

#include "core/text/suggest.h"

namespace cambium {
Yaml scalar_yaml(std::string text) {
  Yaml yaml;
  yaml.kind = Yaml::kScalar;
  yaml.text = std::move(text);
  return yaml;
}

const Yaml* step_down(const Yaml& node, std::string_view& path) {
  for (size_t end = path.find('.');; end = path.find('.', end + 1)) {
    const std::string_view key = path.substr(0, end);
    const Yaml* next = node.find(key);
    if (node.is_list() && key.size() <= 6 &&
        std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; }) && !key.empty()) {
      const size_t index = std::stoul(std::string(key));
      next = index < node.items.size() ? &node.items[index] : nullptr;
    }
    if (next) path.remove_prefix(std::min(path.size(), key.size() + 1));
    if (next || end == path.npos) return next;
  }
}

const Yaml* value_at_path(const Yaml& root, std::string_view path) {
  const Yaml* node = &root;
  while (node && !path.empty()) node = step_down(*node, path);
  return node;
}

void require_variable(const Spec& spec, std::string_view path, const Mark& mark) {
  if (!path.starts_with("vars.")) return;
  const Yaml* vars = spec.section("vars");
  std::vector<std::string> known;
  if (vars && vars->is_map())
    for (const YamlEntry& v : vars->entries) known.push_back("vars." + v.key);
  if (!std::ranges::count(known, path))
    throw UserError(str("the spec has no variable '", path.substr(5), "'"),
                    known.empty() ? "declare it under vars:" : suggestion(path, known), mark);
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
