#include "search/settings.h"

#include <algorithm>
#include <optional>
#include <set>

namespace cambium {
namespace {
constexpr size_t kLongest = 60;

// {a: 1, b: [2, 3]}
std::string flow_text(const Yaml& yaml) {
  if (yaml.is_scalar()) return yaml.text;
  if (yaml.is_null()) return "~";
  std::string out;
  const auto add = [&](const std::string& part) { out += str(out.empty() ? "" : ", ", part); };
  for (const Yaml& item : yaml.items) add(flow_text(item));
  for (const YamlEntry& e : yaml.entries)
    add(e.value.is_null() ? e.key : str(e.key, ": ", flow_text(e.value)));
  return yaml.is_list() ? str("[", out, "]") : str("{", out, "}");
}

std::string short_text(const Yaml* yaml) {
  if (!yaml) return "-";
  const std::string text = flow_text(*yaml);
  return text.size() <= kLongest ? text : text.substr(0, kLongest - 3) + "...";
}

using Trees = std::vector<const Yaml*>;  // null: the spec has none there

// Nothing where all are maps without a common key: another block stands there.
std::optional<std::vector<std::string>> keys_of(const Trees& trees) {
  std::vector<std::string> keys;
  bool common = false;
  for (const Yaml* t : trees) {
    if (!t || !t->is_map()) return std::nullopt;
    for (const YamlEntry& e : t->entries) {
      if (std::ranges::count(keys, e.key)) continue;
      keys.push_back(e.key);
      common |= std::ranges::all_of(trees, [&](const Yaml* o) { return o && o->find(e.key); });
    }
  }
  if (!common) return std::nullopt;
  return keys;
}

bool are_lists_of_one_length(const Trees& trees) {
  return std::ranges::all_of(trees, [&](const Yaml* t) {
    return t && t->is_list() && t->items.size() == trees[0]->items.size();
  });
}

void compare_trees(const std::string& path, const Trees& trees,
                   std::vector<DifferingSetting>& out) {
  const auto below = [&](const std::string& key, const auto& child) {
    Trees children;
    for (const Yaml* t : trees) children.push_back(child(*t));
    compare_trees(path.empty() ? key : path + "." + key, children, out);
  };
  if (const auto keys = keys_of(trees)) {
    for (const std::string& key : *keys) below(key, [&](const Yaml& t) { return t.find(key); });
    return;
  }
  if (are_lists_of_one_length(trees)) {
    for (size_t i = 0; i < trees[0]->items.size(); ++i)
      below(str(i), [&](const Yaml& t) { return &t.items[i]; });
    return;
  }
  std::set<std::string> texts;
  for (const Yaml* t : trees) texts.insert(t ? canonical_text(*t) : "");
  if (texts.size() < 2) return;
  DifferingSetting setting{path, {}};
  for (const Yaml* t : trees) setting.values.push_back(short_text(t));
  out.push_back(std::move(setting));
}
}  // namespace

std::vector<DifferingSetting> differing_settings(const std::vector<const Spec*>& specs) {
  Trees trees;
  for (const Spec* s : specs) trees.push_back(&s->root);
  std::vector<DifferingSetting> out;
  if (!trees.empty()) compare_trees("", trees, out);
  return out;
}
}  // namespace cambium
