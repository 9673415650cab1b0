#include "core/yaml/spec.h"

#include <algorithm>
#include <utility>

#include "core/text/fmt.h"
#include "core/text/suggest.h"
#include "core/yaml/extends.h"

namespace cambium {
namespace {
std::vector<std::string> keys_of(const Yaml& map) {
  std::vector<std::string> keys;
  for (const YamlEntry& e : map.entries) keys.push_back(e.key);
  return keys;
}

// One step of a path: what is left of it, and how to point at a part.
struct PathCursor {
  std::string_view path;
  size_t at = 0;
  const Mark& mark;

  bool done() const { return at >= path.size(); }

  std::string_view rest() const { return path.substr(at); }

  std::string_view segment() const { return rest().substr(0, rest().find('.')); }

  void skip(std::string_view taken) { at += taken.size() + 1; }

  std::string before() const { return std::string(path.substr(0, at ? at - 1 : 0)); }

  [[noreturn]] void fail(const std::string& what, const std::string& help) const {
    Mark m = mark;
    m.column += int(at);
    m.length = std::max(1, int(segment().size()));
    throw UserError(what, help, m);
  }
};

Yaml& list_item(Yaml& list, PathCursor& c) {
  const std::string_view word = c.segment();
  const bool digits =
      !word.empty() && std::ranges::all_of(word, [](char ch) { return ch >= '0' && ch <= '9'; });
  if (!digits || word.size() > 6)
    c.fail(str("'", c.before(), "' is a list, so '", word, "' must be an index"),
           str("use 0 to ", int64_t(list.items.size()) - 1));
  const size_t index = std::stoul(std::string(word));
  if (index >= list.items.size())
    c.fail(str("'", c.before(), "' has ", list.items.size(), " entries, no entry ", index),
           list.items.empty() ? "" : str("use 0 to ", list.items.size() - 1));
  c.skip(word);
  return list.items[index];
}

// Keys may contain dots (val.accuracy): the shortest existing key that fits wins.
std::string_view existing_key(const Yaml& map, std::string_view rest) {
  for (size_t dot = rest.find('.');; dot = rest.find('.', dot + 1)) {
    const std::string_view key = rest.substr(0, dot);
    if (map.find(key)) return key;
    if (dot == rest.npos) return {};
  }
}

Yaml& map_value(Yaml& map, PathCursor& c) {
  if (const std::string_view key = existing_key(map, c.rest()); !key.empty()) {
    c.skip(key);
    return *map.find(key);
  }
  const std::string_view key = c.segment();
  const std::vector<std::string> known = keys_of(map);
  const bool last = c.at + key.size() >= c.path.size();
  const bool misspelt = key.size() > 2 && !nearest_names(key, known).empty();
  if (key.empty()) c.fail(str("'", c.path, "' is not a path"), "write it as a.b.c");
  // A new option may be added anywhere; a new variable or a new section on the way is a slip.
  if (misspelt && (!last || c.before() == "vars"))
    c.fail(str("there is no '", c.path.substr(0, c.at + key.size()), "'"), suggestion(key, known));
  Mark mark = c.mark;
  mark.column += int(c.at);
  mark.length = int(key.size());
  c.skip(key);
  map.entries.push_back({std::string(key), mark, {}});
  map.entries.back().value.mark = mark;
  return map.entries.back().value;
}

// `data: fashion_mnist` is short for `data: {fashion_mnist: {}}`; a path may go through it.
void unfold_shorthand(Yaml& node, const PathCursor& c) {
  if (node.is_null()) {
    node.kind = Yaml::kMap;
    return;
  }
  if (!node.is_scalar()) return;
  if (node.text != c.segment())
    c.fail(str("'", c.before(), "' is the value ", node.text, ", it has no '", c.segment(), "'"),
           str("set ", c.before(), " itself"));
  YamlEntry entry{node.text, node.mark, {}};
  entry.value.mark = node.mark;
  Yaml map;
  map.kind = Yaml::kMap;
  map.mark = node.mark;
  map.entries.push_back(std::move(entry));
  node = std::move(map);
}

void append_json(std::string_view s, std::string& out) {
  out += '"';
  for (char ch : s) {
    if (ch == '"' || ch == '\\') out += '\\';
    if (uint8_t(ch) < 0x20)
      out += fmt::format("\\u{:04x}", uint8_t(ch));
    else
      out += ch;
  }
  out += '"';
}

// JSON, except that plain scalars are marked with ! so that 4 and "4" differ.
void append_canonical(const Yaml& v, std::string& out) {
  const char* comma = "";
  switch (v.kind) {
    case Yaml::kNull:
      out += "null";
      return;
    case Yaml::kScalar:
      if (!v.quoted) out += '!';
      append_json(v.text, out);
      return;
    case Yaml::kList:
      out += '[';
      for (const Yaml& item : v.items) {
        out += std::exchange(comma, ",");
        append_canonical(item, out);
      }
      out += ']';
      return;
    case Yaml::kMap:
      out += '{';
      for (const YamlEntry& e : v.entries) {
        out += std::exchange(comma, ",");
        append_json(e.key, out);
        out += ':';
        append_canonical(e.value, out);
      }
      out += '}';
  }
}

// A place in the override's text number `number`; the file's name is for people.
Mark override_mark(int number, int column, int length) {
  return {"--set", number, column, length, true};
}

// From places in a value to places in the override's text that it stands in.
void shift_marks(Yaml& v, int line, int columns) {
  const auto shift = [&](Mark& m) { m = override_mark(line, m.column + columns, m.length); };
  shift(v.mark);
  for (Yaml& item : v.items) shift_marks(item, line, columns);
  for (YamlEntry& e : v.entries) {
    shift(e.key_mark);
    shift_marks(e.value, line, columns);
  }
}

void apply_text_override(Yaml& root, std::string_view text, int number) {
  const Mark mark = override_mark(number, 1, std::max(1, int(text.size())));
  const size_t equals = text.find('=');
  if (equals == text.npos || equals == 0)
    throw UserError(str("'", text, "' is not an override"), "write --set a.b=value", mark);
  Yaml value;
  try {
    value = parse_yaml(text.substr(equals + 1), "--set");
  } catch (UserError& e) {
    e.mark = override_mark(number, e.mark.column + int(equals) + 1, e.mark.length);
    throw;
  }
  shift_marks(value, number, int(equals) + 1);
  Mark path_mark = mark;
  path_mark.length = int(equals);
  apply_override(root, text.substr(0, equals), value, path_mark);
}
}  // namespace

void apply_override(Yaml& root, std::string_view path, const Yaml& value, const Mark& path_mark) {
  PathCursor cursor{path, 0, path_mark};
  Yaml *at = &root, *above = nullptr;
  do {
    unfold_shorthand(*at, cursor);
    above = at;
    at = at->is_list() ? &list_item(*at, cursor) : &map_value(*at, cursor);
  } while (!cursor.done());
  if (value.is_null() && above->is_list())
    throw UserError(str("'", path,
                        "' is an entry of a list, and an empty value removes keys of "
                        "maps alone"),
                    str("set the whole list, ", path.substr(0, path.rfind('.')),
                        ", or give the entry another value"),
                    path_mark);
  *at = value;
  if (value.is_null() && above->is_map())
    std::erase_if(above->entries, [&](const YamlEntry& e) { return &e.value == at; });
}

Spec load_spec(const std::string& path, std::span<const std::string> overrides) {
  Spec spec{path, load_extended(path)};
  Diagnostics errors;
  std::vector<std::string> paths;
  for (size_t i = 0; i < overrides.size(); ++i) {
    try {
      apply_text_override(spec.root, overrides[i], int(i) + 1);
      const std::string target = overrides[i].substr(0, overrides[i].find('='));
      if (std::ranges::count(paths, target))
        throw UserError(str("'", target, "' is set twice"), "remove one of them",
                        override_mark(int(i) + 1, 1, int(target.size())));
      paths.push_back(target);
    } catch (const UserError& e) {
      errors.add(e);
    }
  }
  errors.throw_if_any();
  return spec;
}

Vars vars_of(const Spec& spec) {
  Vars vars;
  const Yaml* section = spec.section("vars");
  if (!section || section->is_null()) return vars;
  if (!section->is_map())
    throw UserError("vars must be a map of names to values", "write vars: {dim: 64}",
                    section->mark);
  for (const YamlEntry& e : section->entries) vars.set(e.key, e.value);
  return vars;
}

std::string canonical_text(const Yaml& tree) {
  std::string out;
  append_canonical(tree, out);
  return out;
}
}  // namespace cambium
