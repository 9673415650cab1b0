#include "train/hub/spec_template.h"

#include <cctype>
#include <set>

namespace cambium {
namespace {
// What stands under the value of the variable.
const Yaml& chosen(const Yaml& when, const Vars& vars) {
  const std::string value = evaluate(*when.find("when"), vars).text();
  const Yaml* branch = when.find(value);
  if (!branch) throw UserError(str("nothing is said for the value '", value, "'"), {}, when.mark);
  return *branch;
}

Yaml expanded(const Yaml& y, const Vars& vars) {
  if (y.is_map() && y.find("when")) return expanded(chosen(y, vars), vars);
  Yaml out = y;
  out.items.clear();
  out.entries.clear();
  for (const Yaml& item : y.items) {
    Yaml one = expanded(item, vars);
    const bool spliced = item.is_map() && item.find("when") && (one.is_list() || one.is_null());
    if (!spliced)
      out.items.push_back(std::move(one));
    else
      out.items.insert(out.items.end(), one.items.begin(), one.items.end());
  }
  for (const YamlEntry& e : y.entries)
    out.entries.push_back({e.key, e.key_mark, expanded(e.value, vars)});
  return out;
}

// The variables that its scalars name.
void find_names(const Yaml& y, const HubVars& vars, std::set<std::string>& used) {
  for (const Yaml& item : y.items) find_names(item, vars, used);
  for (const YamlEntry& e : y.entries) find_names(e.value, vars, used);
  if (!y.is_scalar() || y.text.find('$') == y.text.npos) return;
  const auto part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  for (const auto& [name, value] : vars)
    for (size_t at = y.text.find(name); at != y.text.npos; at = y.text.find(name, at + 1)) {
      const size_t end = at + name.size();
      if (at > 0 && !part(y.text[at - 1]) && (end == y.text.size() || !part(y.text[end])))
        used.insert(name);
    }
}

Yaml scalar(const ArgValue& value) {
  Yaml y;
  y.kind = Yaml::kScalar;
  y.text = value.text();
  y.quoted = std::holds_alternative<std::string>(value.variant());
  return y;
}

std::string reason_of(const Family& f) {
  return str("# Imported: ", f.text, " (", f.name, ").\n");
}
}  // namespace

std::string spec_text(const Family& f, HubVars vars, const std::string& text,
                      const std::string& tokenizer) {
  const Yaml* spec = f.root.find("spec");
  if (!spec) throw UserError(str(f.file, ": there is no spec"));
  const Yaml* with_text = f.root.find("text_data");
  const bool own_text = !text.empty() && with_text;
  if (!text.empty() && !with_text)
    throw UserError(str("a model of the family ", f.name, " does not go on with a text"),
                    "leave --text out");
  if (own_text) {
    vars.insert_or_assign("text", ArgValue(text));
    vars.insert_or_assign("tokenizer", ArgValue(tokenizer));
  }
  Vars all;
  for (const auto& [name, value] : vars) all.set(name, value);
  Yaml out = expanded(*spec, all);
  if (own_text) *out.find("data") = expanded(*with_text, all);
  std::set<std::string> used;
  find_names(out, vars, used);
  Yaml own;
  own.kind = Yaml::kMap;
  for (const std::string& name : used) own.entries.push_back({name, {}, scalar(vars.at(name))});
  out.entries.insert(out.entries.begin(), {"vars", {}, std::move(own)});
  return reason_of(f) + to_yaml(out);
}
}  // namespace cambium
