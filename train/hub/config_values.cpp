#include "train/hub/config_values.h"

#include <algorithm>

#include "core/text/json.h"
#include "core/text/suggest.h"
#include "train/spec/glob.h"

namespace cambium {
namespace {
// The value under "a.b"; null where there is none.
const Json* find_key(const Json& json, std::string_view key) {
  const size_t dot = key.find('.');
  const auto at = json.find(std::string(key.substr(0, dot)));
  if (at == json.end()) return nullptr;
  if (dot == key.npos) return &*at;
  return at->is_object() ? find_key(*at, key.substr(dot + 1)) : nullptr;
}

std::string shown(const Json& value) {
  const std::string text = to_text(value);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

ArgValue scalar_of(const Json& v, const std::string& key) {
  if (v.is_boolean()) return v.get<bool>();
  if (v.is_number_integer()) return v.get<int64_t>();
  if (v.is_number()) return v.get<double>();
  if (v.is_string()) return v.get<std::string>();
  throw UserError(str("'", key, "' is ", shown(v), ", no number, text or true/false"));
}

bool same(const Json& v, const Yaml& allowed, const Vars& vars) {
  if (allowed.is_null() || v.is_null()) return allowed.is_null() && v.is_null();
  const ArgValue want = evaluate(allowed, vars);
  if (v.is_number() && !v.is_boolean()) {
    if (const auto* whole = std::get_if<int64_t>(&want.variant()))
      return v.get<double>() == double(*whole);
    const auto* number = std::get_if<double>(&want.variant());
    return number && v.get<double>() == *number;
  }
  if (v.is_boolean()) {
    const auto* flag = std::get_if<bool>(&want.variant());
    return flag && *flag == v.get<bool>();
  }
  return v.is_string() && want.text() == v.get<std::string>();
}

std::string list_of(const Yaml& allowed, const Vars& vars) {
  std::vector<std::string> out;
  for (const Yaml& y : allowed.items)
    out.push_back(y.is_null() ? "null" : evaluate(y, vars).text());
  return join_names(out, " or ");
}

// Collects the variables that a config sets.
class ConfigReader {
 public:
  ConfigReader(const Family& f, const HubConfig& c, Diagnostics& errors)
      : family_(f), config_(c), errors_(errors) {}

  HubVars read() {
    for (const ConfigKey& k : family_.keys)
      if (const Json* v = find_key(*config_.json, k.key)) guarded([&] { take(k, *v); });
    check_keys(*config_.json, "");
    return std::move(vars_);
  }

  // Those that must be what our models can have; they may name variables.
  void check_only(const Vars& vars) {
    for (const ConfigKey& k : family_.keys) {
      const Json* v = find_key(*config_.json, k.key);
      if (!v) continue;
      if (k.only) check(k, *v, *k.only, vars);
      if (k.each && v->is_array())
        for (const Json& item : *v) check(k, item, *k.each, vars);
      else if (k.each && !v->is_null())
        refuse(k, *v, *k.each, vars);
    }
  }

 private:
  template <class F> void guarded(const F& f) {
    try {
      f();
    } catch (const UserError& e) {
      errors_.add(UserError(str(config_.path, ": ", e.what()), e.help));
    }
  }

  void take(const ConfigKey& k, const Json& v) {
    if (!k.count.empty()) {
      require(v.is_object() || v.is_array(), "'", k.key, "' is ", shown(v), ", no list");
      vars_.insert_or_assign(k.count, ArgValue(int64_t(v.size())));
      return;
    }
    if (k.vars.empty()) return;
    if (!k.list) return set(k, k.vars[0], v);
    require(v.is_array() && v.size() == k.vars.size(), "'", k.key, "' is ", shown(v),
            ", and this family has ", k.vars.size(), " of them");
    for (size_t i = 0; i < k.vars.size(); ++i) set(k, k.vars[i], v[i]);
  }

  void set(const ConfigKey& k, const std::string& var, const Json& v) {
    if (v.is_null() && k.null_is) {
      vars_.insert_or_assign(var, evaluate(*k.null_is, Vars()));
      return;
    }
    if (v.is_null()) return;
    if (!k.values || v.is_number()) {
      vars_.insert_or_assign(var, scalar_of(v, k.key));
      return;
    }
    const std::string text = scalar_of(v, k.key).text();
    const Yaml* means = k.values->find(text);
    if (!means) {
      std::vector<std::string> known;
      for (const YamlEntry& e : k.values->entries) known.push_back(e.key);
      throw UserError(str("'", k.key, "' is '", text, "', which our models do not have"),
                      str("what fits: ", join_names(known, " or ")));
    }
    vars_.insert_or_assign(var, evaluate(*means, Vars()));
  }

  void check(const ConfigKey& k, const Json& v, const Yaml& allowed, const Vars& vars) {
    for (const Yaml& y : allowed.items)
      if (same(v, y, vars)) return;
    refuse(k, v, allowed, vars);
  }

  void refuse(const ConfigKey& k, const Json& v, const Yaml& allowed, const Vars& vars) {
    errors_.add(UserError(str(config_.path, ": '", k.key, "' is ", shown(v), ", and only ",
                              list_of(allowed, vars), " can be said here"),
                          k.cure));
  }

  // Every key is used, harmless or an error.
  void check_keys(const Json& json, const std::string& before) {
    for (const auto& [key, value] : json.items()) {
      const std::string path = before + key;
      if (path == "model_type") continue;
      const auto known = [&](const ConfigKey& k) { return k.key == path; };
      const auto below = [&](const ConfigKey& k) { return k.key.starts_with(path + "."); };
      if (std::ranges::any_of(family_.keys, known) || harmless(path)) continue;
      if (value.is_null()) continue;  // says nothing
      if (std::ranges::any_of(family_.keys, below) && value.is_object()) {
        check_keys(value, path + ".");
        continue;
      }
      std::vector<std::string> names;
      for (const ConfigKey& k : family_.keys) names.push_back(k.key);
      const auto near = nearest_names(path, names);
      errors_.add(UserError(
          str(config_.path, ": the key '", path, "' (", shown(value), ") is not known of ",
              family_.name),
          near.empty()
              ? str("if it changes no number of an answer, add it to `harmless:` of ", family_.file)
              : suggestion(path, names)));
    }
  }

  bool harmless(const std::string& key) const {
    return std::ranges::any_of(family_.harmless,
                               [&](const auto& h) { return glob_matches(h.first, key); });
  }

  const Family& family_;
  const HubConfig& config_;
  Diagnostics& errors_;
  HubVars vars_;
};

std::string type_of(const HubConfig& c) {
  const Json* type = c.json ? find_key(*c.json, "model_type") : nullptr;
  return type && type->is_string() ? type->get<std::string>() : std::string();
}

// What `pinned:` says of the config's type: keys that its class does not have may say no other.
void check_pinned(const Family& f, const HubConfig& c, const Vars& vars, Diagnostics& errors) {
  const Yaml* types = f.root.find("pinned");
  const Yaml* own = types ? types->find(type_of(c)) : nullptr;
  if (!own) return;
  for (const YamlEntry& pin : own->entries) {
    const std::string is = vars.get(pin.key, pin.key_mark).text();
    if (is == evaluate(pin.value, vars).text()) continue;
    for (const ConfigKey& k : f.keys)
      if (std::ranges::count(k.vars, pin.key))
        errors.add(UserError(str(c.path, ": '", k.key, "' is ", is, ", which models of the type ",
                                 type_of(c), " do not have"),
                             str("it is ", evaluate(pin.value, vars).text(), " there")));
  }
}

std::vector<std::string> architectures_of(const HubConfig& c) {
  std::vector<std::string> out;
  const Json* list = c.json ? find_key(*c.json, "architectures") : nullptr;
  if (list && list->is_array())
    for (const Json& a : *list)
      if (a.is_string()) out.push_back(a.get<std::string>());
  return out;
}

const HeadVariant* variant_of(const Family& f, const HubConfig& c, const HubTypes& types,
                              const std::string& asked) {
  if (f.variants.empty()) return nullptr;
  const std::vector<std::string> classes = architectures_of(c);
  for (const HeadVariant& v : f.variants) {
    if (!asked.empty()) {
      if (v.name == asked) return &v;
      continue;
    }
    if (types.empty() ? std::ranges::any_of(v.architectures,
                                            [&](const std::string& a) {
                                              return std::ranges::count(classes, a) > 0;
                                            })
                      : v.has.empty() || types.contains(v.has))
      return &v;
  }
  if (types.empty() && asked.empty()) return &f.variants.front();
  std::vector<std::string> known;
  for (const HeadVariant& v : f.variants) known.push_back(str("'", v.has, "' (", v.name, ")"));
  throw UserError(str(c.path.empty() ? "the file" : c.path, ": the model ends in no head that ",
                      f.name, " is known with"),
                  str("it is known by one of the tensors ", join_names(known, " or ")));
}

void add_defaults(const Yaml* map, std::map<std::string, const Yaml*>& into) {
  if (!map) return;
  for (const YamlEntry& e : map->entries) into[e.key] = &e.value;
}

// How many numbers there are in the place of the pattern's #.
int64_t count_of(const std::string& pattern, const HubTypes& types) {
  std::string glob = pattern;
  std::ranges::replace(glob, '#', '*');
  return std::ranges::count_if(types, [&](const auto& t) { return glob_matches(glob, t.first); });
}

// What a file's tensors say where a config does not.
void add_shapes(const Family& f, const HubTypes& types, HubVars& vars) {
  for (const auto& [var, place] : f.shapes)
    if (const auto t = types.find(place.first); t != types.end() && !vars.contains(var))
      if (place.second < t->second.shape.rank())
        vars.emplace(var, ArgValue(t->second.shape[place.second]));
  for (const auto& [var, pattern] : f.counts)
    if (!vars.contains(var))
      if (const int64_t n = count_of(pattern, types); n > 0) vars.emplace(var, ArgValue(n));
}
}  // namespace

HubValues values_of(const Family& f, const HubConfig& config, const HubTypes& types,
                    const std::string& asked) {
  Diagnostics errors;
  HubValues out;
  const HeadVariant* variant = variant_of(f, config, types, asked);
  if (variant) out.variant = variant->name;
  ConfigReader reader(f, config, errors);
  if (config.json) out.vars = reader.read();
  add_shapes(f, types, out.vars);
  std::map<std::string, const Yaml*> defaults;
  add_defaults(f.root.find("vars"), defaults);
  add_defaults(f.model_type(type_of(config)), defaults);
  if (variant) add_defaults(variant->vars, defaults);
  Vars all;
  for (const auto& [name, yaml] : defaults)
    if (!out.vars.contains(name)) all.set(name, *yaml);
  for (const auto& [name, value] : out.vars) all.set(name, value);
  for (const ConfigKey& k : f.keys)
    for (const std::string& var : k.vars)
      if (!out.vars.contains(var) && !defaults.contains(var))
        errors.add(UserError(str(config.path, ": '", k.key, "' is missing"),
                             str("it sets ", var, " of the model")));
  errors.throw_if_any();
  for (const auto& [name, yaml] : defaults)
    if (!out.vars.contains(name)) out.vars.emplace(name, all.get(name, yaml->mark));
  if (config.json) check_pinned(f, config, all, errors);
  if (config.json) reader.check_only(all);
  errors.throw_if_any();
  return out;
}
}  // namespace cambium
