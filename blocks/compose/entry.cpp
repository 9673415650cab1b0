#include "blocks/compose/entry.h"

#include <algorithm>

#include "blocks/compose/phrases.h"
#include "core/text/number.h"
#include "core/text/suggest.h"
#include "core/text/synonyms.h"

namespace cambium {
namespace {
constexpr std::string_view kModifiers[] = {"name", "as", "from", "share", "freeze", "recompute"};

bool is_modifier(std::string_view key) {
  return std::ranges::count(kModifiers, key) > 0;
}

const Block* find_block(std::string_view name) {
  const BlockRegistry all = builtin_blocks();
  const auto found = std::ranges::find(all, name, [](const Block* b) { return b->name; });
  return found == all.end() ? nullptr : *found;
}

class Reader {
 public:
  Reader(const Vars& vars, const Definitions& definitions, const Report& report)
      : vars(vars), definitions(definitions), report(report) {}

  const Vars& vars;
  const Definitions& definitions;
  const Report& report;
  Entry e;
  std::vector<std::string> known, fields;  // all keys the block takes; those that are no bodies

  void fail(const std::string& text, const Mark& mark, std::string help = {}) {
    report(UserError(text, std::move(help), mark));
    e.good = false;
  }

  bool take_block(std::string_view name) {
    e.block = find_block(name);
    if (!e.block) return false;
    e.use.name = name;
    for (const FieldInfo& f : e.block->attrs.describe()) fields.push_back(f.name);
    known = fields;
    for (std::string_view b : e.block->bodies) known.emplace_back(b);
    return true;
  }

  bool look_up(std::string_view name, const Mark& mark) {
    e.use.name = name;
    e.use.mark = mark;
    if (take_block(name)) return true;
    if (const auto d = definitions.find(std::string(name)); d != definitions.end()) {
      e.definition = d->second;
      for (const YamlEntry& p : definition_of(*d->second).params) known.push_back(p.key);
      fields = known;
      return true;
    }
    std::vector<std::string> names;
    for (const Block* b : builtin_blocks()) names.emplace_back(b->name);
    for (const auto& [n, body] : definitions) names.push_back(n);
    const std::string phrase = meant_names(name, names).empty() ? block_phrase(name) : "";
    const std::vector<std::string> near = nearest_names(name, names);
    const bool number = !name.empty() && name.find_first_not_of("0123456789.") == name.npos;
    fail(str("unknown block '", name, "'"), mark,
         !phrase.empty() ? str("write - ", phrase)
         : !near.empty() ? suggestion(name, names)
         : number        ? "blocks stand here, such as [{linear: 8}]"
                         : "`cambium blocks` lists them all");
    // What follows is checked as if the one block it can mean stood here.
    return phrase.empty() && near.size() == 1 && take_block(near[0]);
  }

  std::string primary() const {
    if (e.block) return std::string(e.block->primary);
    return known.empty() ? "" : known.front();
  }

  void read_label(Label& to, const YamlEntry& m) {
    try {
      const ArgValue v = evaluate(m.value, vars);
      const auto* text = std::get_if<std::string>(&v.variant());
      if (!text || !is_name(*text))
        return fail(str("'", m.key, "' takes a name, got ", v.text()), m.value.mark,
                    "a name is made of letters, digits and '_', and does not start with a digit");
      to = {*text, m.value.mark};
    } catch (const UserError& error) {
      report(error);
      e.good = false;
    }
  }

  void read_modifier(const YamlEntry& m) {
    if (m.key == "name") read_label(e.name, m);
    if (m.key == "as") read_label(e.as, m);
    if (m.key == "from") read_label(e.from, m);
    if (m.key == "share") read_label(e.share, m);
    if (m.key == "freeze") e.freeze = read_switch(m);
    if (m.key == "recompute") e.recompute = read_switch(m);
  }

  bool read_switch(const YamlEntry& m) {
    const bool yes = m.value.is_scalar() && m.value.text == "true";
    const bool no = m.value.is_scalar() && m.value.text == "false";
    if (!yes && !no) fail(str("'", m.key, "' takes true or false"), m.value.mark);
    return yes;
  }

  void add_option(YamlEntry option) {
    if (is_modifier(option.key) && !std::ranges::count(known, option.key))
      return read_modifier(option);
    const bool letter = e.block && e.block->any_option && is_pattern_letter(option.key);
    if (!letter && !std::ranges::count(known, option.key)) {
      std::vector<std::string> names = known;
      names.insert(names.end(), std::begin(kModifiers), std::end(kModifiers));
      std::string help = suggestion(option.key, names);
      if (e.block && !e.block->bodies.empty() && find_block(option.key))
        help = str("blocks inside ", e.use.name, " go into a list: ", e.use.name, ": [{",
                   option.key, ": ...}]");
      return fail(str(e.use.name, ": unknown key '", option.key, "'"), option.key_mark, help);
    }
    if (std::ranges::count(e.use.options, option.key, &YamlEntry::key))
      return fail(str(e.use.name, ": '", option.key, "' is given twice"), option.key_mark);
    e.use.options.push_back(std::move(option));
  }

  // `- linear: 64`, `- residual: [...]`, `- {linear: {width: 64}}`, `- flatten:`
  void add_value(const YamlEntry& named) {
    if (named.value.is_null()) return;
    if (named.value.is_map()) {
      for (const YamlEntry& option : named.value.entries) add_option(option);
      return;
    }
    const std::string key = primary();
    if (key.empty())
      return fail(str(e.use.name, " takes no value"), named.value.mark,
                  known.empty() ? "it has no options" : str("its options: ", join_names(known)));
    add_option({key, named.key_mark, named.value});
  }

  void parse_attrs() {
    if (!e.block) return;
    std::vector<YamlEntry> own;
    for (const YamlEntry& o : e.use.options)
      if (std::ranges::count(fields, o.key)) own.push_back(o);
    Diagnostics found;
    const Args args = evaluate_entries(own, vars, &found);
    e.use.attrs = e.block->attrs.parse(args, &found);
    for (const UserError& error : found.errors()) {
      UserError named(str(e.use.name, ": ", error.what()), error.help, error.mark);
      named.notes = error.notes;
      report(named);
      e.good = false;
    }
  }
};

// The key that names the block: the first that is no modifier. `- from: skip` alone is the block
// `from`, and its options are no blocks.
size_t naming_key(const std::vector<YamlEntry>& entries, const Definitions& definitions) {
  size_t i = 0;
  while (i < entries.size() && is_modifier(entries[i].key)) ++i;
  const auto from = std::ranges::find(entries, "from", &YamlEntry::key);
  if (from == entries.end()) return i < entries.size() ? i : 0;
  const bool names_block =
      i < entries.size() && (find_block(entries[i].key) || definitions.contains(entries[i].key));
  const size_t from_at = size_t(from - entries.begin());
  return names_block || from_at > i ? i : from_at;
}
}  // namespace

const Yaml* BlockUse::body(std::string_view key) const {
  const auto found = std::ranges::find(options, key, &YamlEntry::key);
  return found == options.end() ? nullptr : &found->value;
}

Mark BlockUse::mark_of(std::string_view option) const {
  const Yaml* value = body(option);
  return value && value->mark.known() ? value->mark : mark;
}

std::optional<Entry> read_entry(const Yaml& item, const Vars& vars, const Definitions& definitions,
                                const Report& report) {
  Reader r(vars, definitions, report);
  if (item.is_scalar()) {
    if (!r.look_up(item.text, item.mark)) return std::nullopt;
    r.parse_attrs();
    return r.e;
  }
  if (!item.is_map() || item.entries.empty()) {
    r.fail("a block is a name, or a map that begins with its name", item.mark,
           "write `- flatten` or `- linear: 64`");
    return std::nullopt;
  }
  const size_t at = naming_key(item.entries, definitions);
  const YamlEntry& named = item.entries[at];
  if (!r.look_up(named.key, named.key_mark)) return std::nullopt;
  r.add_value(named);
  for (size_t i = 0; i < item.entries.size(); ++i)
    if (i != at) r.add_option(item.entries[i]);
  r.parse_attrs();
  return r.e;
}

Definition definition_of(const Yaml& value) {
  Definition d;
  if (value.is_list()) d.body = &value;
  if (!value.is_map()) return d;
  if (const Yaml* body = value.find("body")) d.body = body;
  if (const Yaml* params = value.find("params"); params && params->is_map())
    d.params = params->entries;
  return d;
}

bool bind_parameters(const Entry& entry, const Vars& site, Vars& local, const Report& report) {
  bool ok = true;
  for (const YamlEntry& param : definition_of(*entry.definition).params) {
    const Yaml* given = entry.use.body(param.key);
    try {
      if (!given && param.value.is_null())
        throw UserError(str(entry.use.name, " needs '", param.key, "'"), {}, entry.use.mark);
      local.set(param.key, given ? evaluate(*given, site) : evaluate(param.value, local));
    } catch (const UserError& error) {
      report(error);
      ok = false;
    }
  }
  return ok;
}

bool is_pattern_letter(std::string_view key) {
  return key.size() == 1 && ((key[0] >= 'A' && key[0] <= 'Z') || key[0] == '-' || key[0] == '*');
}
}  // namespace cambium
