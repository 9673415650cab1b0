#include "train/spec/settings.h"

#include <algorithm>
#include <optional>
#include <set>

#include "train/spec/options.h"

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

// How far texts of different values agree from their beginning on.
size_t common_beginning(const std::vector<std::string>& texts) {
  size_t n = texts[0].size();
  for (const std::string& t : texts)
    n = std::min(n, size_t(std::ranges::mismatch(texts[0], t).in1 - texts[0].begin()));
  return n;
}

// What is shown of long values lies about their first difference.
std::vector<std::string> short_texts(std::vector<std::string> texts) {
  constexpr size_t kBefore = 15;
  size_t begin = common_beginning(texts);
  const bool late = begin + 6 > kLongest && begin > kBefore;
  begin = late ? begin - kBefore : 0;
  for (std::string& t : texts) {
    if (t.size() > kLongest && begin > 0) t = "..." + t.substr(begin);
    if (t.size() > kLongest) t = t.substr(0, kLongest - 3) + "...";
  }
  return texts;
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
  for (const Yaml* t : trees) setting.values.push_back(t ? flow_text(*t) : "-");
  setting.values = short_texts(std::move(setting.values));
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

bool changes_nothing(const DifferingSetting& s) {
  return std::ranges::any_of(kFreeTrainKeys,
                             [&](std::string_view key) { return s.path == str("train.", key); });
}

std::string changed_settings(const Spec& was, const Spec& is) {
  const auto value = [](const std::string& text) { return text == "-" ? "not set" : text; };
  std::string out;
  for (const DifferingSetting& s : differing_settings({&was, &is}))
    if (!changes_nothing(s))
      out += str(out.empty() ? "" : ", ", s.path, " (was ", value(s.values[0]), ", is ",
                 value(s.values[1]), ")");
  return out;
}
}  // namespace cambium
