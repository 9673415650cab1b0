#include "train/hub/guess.h"

#include <algorithm>

#include "blocks/compose/entry.h"

namespace cambium {
namespace {
constexpr std::string_view kPassedOver[] = {"init", "dropout"};  // nothing of them answers

// A block of a family's spec: its options are looked at only where they name variables.
struct Wanted {
  std::string name;
  std::vector<YamlEntry> options;
  std::vector<const Yaml*> bodies;
};

bool is_modifier_key(std::string_view key) {
  return key == "name" || key == "as" || key == "from" || key == "share";
}

Wanted wanted_of(const Yaml& item) {
  Wanted w;
  if (item.is_scalar()) {
    w.name = item.text;
    return w;
  }
  const auto take = [&](const YamlEntry& e) {
    e.value.is_list() ? w.bodies.push_back(&e.value) : w.options.push_back(e);
  };
  for (const YamlEntry& e : item.entries) {
    if (is_modifier_key(e.key)) continue;
    if (!w.name.empty()) {
      take(e);
      continue;
    }
    w.name = e.key;
    if (e.value.is_list())
      w.bodies.push_back(&e.value);
    else if (e.value.is_map())
      for (const YamlEntry& option : e.value.entries) take(option);
    else
      w.options.push_back({"", e.key_mark, e.value});  // the primary one
  }
  return w;
}

// The name of the variable that a scalar is; empty when it is more.
std::string variable_of(const Yaml& y) {
  if (!y.is_scalar() || y.text.size() < 2 || y.text[0] != '$' || y.text[1] == '{') return {};
  return y.text.substr(1);
}

class Guesser {
 public:
  Guesser(const Family& f, const Experiment& e, HubVars fixed, size_t& matched)
      : family_(f), e_(e), fixed_(std::move(fixed)), matched_(matched) {
    if (const Yaml* define = e.spec.section("define"))
      for (const YamlEntry& d : define->entries) definitions_[d.key] = &d.value;
  }

  HubVars run() {
    const Yaml* spec = family_.root.find("spec");
    for (const char* part : {"model", "encoder", "decoder"}) {
      const Yaml *theirs = spec->find(part), *ours = e_.spec.section(part);
      if (!theirs != !ours)
        throw UserError(str("the model is not one of the family ", family_.name, ": it has ",
                            theirs ? "no " : "a ", part));
      if (theirs) lists(*theirs, *ours, e_.vars);
    }
    add_guesses();
    return std::move(found_);
  }

 private:
  struct Ours {
    Entry entry;
    const Yaml* item;
  };

  // The blocks of a list, a residual's own norm beside it where it stands before or behind.
  std::vector<Ours> entries(const Yaml& list, const Vars& vars) {
    std::vector<Ours> out;
    const auto add = [&](const Yaml& item) {
      UserError wrong("");
      std::optional<Entry> e =
          read_entry(item, vars, definitions_, [&](const UserError& error) { wrong = error; });
      if (!e || !e->good) throw wrong;
      if (!e->block)
        throw UserError(str("'", e->use.name, "' of `define:` is not looked into"),
                        "give the config.json that says the model with --config", e->use.mark);
      if (!std::ranges::count(kPassedOver, e->use.name)) out.push_back({std::move(*e), &item});
    };
    if (!list.is_list()) {
      add(list);
      return out;
    }
    for (const Yaml& item : list.items) {
      if (!item.is_list()) {
        add(item);
        continue;
      }
      for (Ours& one : entries(item, vars)) out.push_back(std::move(one));
    }
    return out;
  }

  void lists(const Yaml& theirs, const Yaml& ours, const Vars& vars) {
    const std::vector<Ours> all = entries(ours, vars);
    size_t at = 0;
    walk(theirs, all, at, vars);
    if (at < all.size()) fail(all[at].entry, "nothing more");
  }

  void walk(const Yaml& theirs, const std::vector<Ours>& all, size_t& at, const Vars& vars) {
    for (const Yaml& item : theirs.items) {
      if (item.is_map() && item.find("when")) {
        walk(branch(item, all, at), all, at, vars);
        continue;
      }
      const Wanted w = wanted_of(item);
      if (at == all.size())
        throw UserError(str("the model is not one of the family ", family_.name, ": ", w.name,
                            " is missing at its end"));
      const Entry& entry = all[at++].entry;
      if (entry.use.name != w.name) fail(entry, w.name);
      ++matched_;
      match(w, entry, vars);
    }
  }

  // Of a `when`, the first branch that could begin with the block that stands there.
  const Yaml& branch(const Yaml& when, const std::vector<Ours>& all, size_t at) {
    const std::string var = variable_of(*when.find("when"));
    if (const auto known = fixed_.find(var); known != fixed_.end())
      if (const Yaml* y = when.find(known->second.text())) return as_list(*y);
    const Yaml* last = nullptr;
    for (const YamlEntry& e : when.entries) {
      if (e.key == "when") continue;
      last = &e.value;
      const Yaml& list = as_list(e.value);
      if (!list.items.empty() && (at == all.size() || !fits(list.items[0], all[at].entry)))
        continue;
      bind(var, e.key == "true" || e.key == "false" ? ArgValue(e.key == "true") : ArgValue(e.key),
           when.mark);
      return list;
    }
    return as_list(*last);
  }

  const Yaml& as_list(const Yaml& y) {
    if (y.is_list()) return y;
    Yaml list;
    list.kind = Yaml::kList;
    list.items = {y};
    made_.push_back(std::make_unique<Yaml>(std::move(list)));
    return *made_.back();
  }

  static bool fits(const Yaml& item, const Entry& entry) {
    const Wanted w = wanted_of(item);
    if (w.name != entry.use.name) return false;
    return std::ranges::all_of(entry.use.options, [&](const YamlEntry& o) {
      return std::ranges::count(w.options, o.key, &YamlEntry::key) > 0;
    });
  }

  void match(const Wanted& w, const Entry& entry, const Vars& vars) {
    for (const YamlEntry& option : w.options) {
      const std::string var = variable_of(option.value);
      const std::string key = option.key.empty() ? std::string(entry.block->primary) : option.key;
      if (var.empty()) continue;
      if (const auto value = entry.use.attrs.find(key)) bind_option(var, key, *value, entry);
    }
    Vars inner(&vars);
    inner.set("layer", ArgValue(int64_t(0)));
    for (const Yaml* body : w.bodies) {
      const Yaml* ours = entry.use.body("body");
      if (!ours) fail(entry, "a list of blocks");
      lists(*body, *ours, entry.block->repeats ? inner : vars);
    }
  }

  // An option of 0 may stand for what other options say; without biases there is none of a part.
  void bind_option(const std::string& var, const std::string& key, const ArgValue& value,
                   const Entry& entry) {
    const auto bias = entry.use.attrs.find("bias");
    const auto* biased = bias ? std::get_if<bool>(&bias->variant()) : nullptr;
    if (key.ends_with("_bias") && biased && !*biased) return bind(var, false, entry.use.mark);
    const auto* whole = std::get_if<int64_t>(&value.variant());
    if (whole && *whole == 0) {
      const Yaml* guesses = family_.root.find("guesses");
      const Yaml* instead = guesses ? guesses->find(var) : nullptr;
      if (instead) bind(var, evaluate(*instead, around(&entry)), entry.use.mark);
      const Yaml* vars = family_.root.find("vars");
      if (instead || (vars && vars->find(var))) return;
    }
    bind(var, value, entry.use.mark);
  }

  // The run's variables, then those that are bound, then the options of a block.
  Vars around(const Entry* entry) const {
    Vars vars(&e_.vars);
    for (const auto& [name, value] : found_) vars.set(name, value);
    if (entry)
      for (const FieldInfo& f : entry->block->attrs.describe())
        if (const auto value = entry->use.attrs.find(f.name); value && value->text() != "0")
          vars.set(f.name, *value);
    return vars;
  }

  void bind(const std::string& var, const ArgValue& value, const Mark& mark) {
    if (var.empty()) return;
    const auto [old, fresh] = found_.try_emplace(var, value);
    if (!fresh && old->second.text() != value.text())
      throw UserError(str("the model is not one of the family ", family_.name, ": ", var, " is ",
                          value.text(), " here and ", old->second.text(), " elsewhere"),
                      {}, mark);
  }

  void add_guesses() {
    const Yaml* guesses = family_.root.find("guesses");
    if (!guesses) return;
    for (const YamlEntry& g : guesses->entries) {
      if (found_.contains(g.key)) continue;
      try {
        found_.emplace(g.key, evaluate(g.value, around(nullptr)));
      } catch (const UserError&) {  // of options of a block that this model has not
      }
    }
  }

  [[noreturn]] void fail(const Entry& entry, const std::string& wanted) const {
    throw UserError(str("the model is not one of the family ", family_.name, ": there stands ",
                        wanted, " where it has ", entry.use.name),
                    "write it as `cambium import` does, or export safetensors", entry.use.mark);
  }

  const Family& family_;
  const Experiment& e_;
  HubVars fixed_, found_;
  size_t& matched_;
  Definitions definitions_;
  std::vector<std::unique_ptr<Yaml>> made_;
};
}  // namespace

HubValues guess_values(const Family& f, const HeadVariant* variant, const Experiment& e,
                       size_t& matched) {
  HubVars fixed;
  if (variant && variant->vars)
    for (const YamlEntry& v : variant->vars->entries)
      if (v.value.text.find('$') == v.value.text.npos)
        fixed.emplace(v.key, evaluate(v.value, Vars()));
  HubValues out;
  if (variant) out.variant = variant->name;
  HubVars bound = Guesser(f, e, fixed, matched).run();
  for (const auto& [name, value] : fixed) bound.insert_or_assign(name, value);
  Vars all;
  if (const Yaml* defaults = f.root.find("vars")) {
    for (const YamlEntry& d : defaults->entries)
      if (!bound.contains(d.key)) all.set(d.key, d.value);
    for (const auto& [name, value] : bound) all.set(name, value);
    for (const YamlEntry& d : defaults->entries)
      if (!bound.contains(d.key)) bound.emplace(d.key, all.get(d.key, d.key_mark));
  }
  out.vars = std::move(bound);
  return out;
}
}  // namespace cambium
