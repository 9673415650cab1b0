#include "train/adapters/spec.h"

#include <algorithm>
#include <functional>

#include "core/text/suggest.h"

namespace cambium {
namespace {
constexpr std::string_view kAdaptHelp = "write adapt: {lora: {rank: 8, on: [\"*.q\", \"*.v\"]}}";

void gather_error(Diagnostics& errors, const std::function<void()>& f) {
  try {
    f();
  } catch (const UserErrors& e) {
    errors.add_all(e);
  } catch (const UserError& e) {
    errors.add(e);
  }
}

std::string name_at(const Yaml& value, const Vars& vars, std::string_view option) {
  if (value.is_scalar()) {
    const ArgValue v = evaluate(value, vars);
    if (const auto* text = std::get_if<std::string>(&v.variant()); text && !text->empty())
      return *text;
  }
  throw UserError(str("what '", option, "' names is text"), "write a name in quotes", value.mark);
}

std::vector<NamePattern> names_at(const YamlEntry& e, const Vars& vars, Diagnostics& errors) {
  std::vector<NamePattern> out;
  const auto add = [&](const Yaml& item) {
    gather_error(errors, [&] { out.push_back({name_at(item, vars, e.key), item.mark}); });
  };
  if (!e.value.is_list()) add(e.value);
  for (const Yaml& item : e.value.items) add(item);
  return out;
}

const AdapterMethod* method_called(std::string_view name) {
  const auto found = std::ranges::find(builtin_adapters(), name, &AdapterMethod::name);
  return found == builtin_adapters().end() ? nullptr : *found;
}

std::vector<std::string> adapt_keys() {
  std::vector<std::string> known;
  for (const AdapterMethod* m : builtin_adapters()) known.emplace_back(m->name);
  for (const FieldInfo& f : describe_fields<AdaptOptions>()) known.push_back(f.name);
  return known;
}

AdaptUse use_of(const AdapterMethod& m, const YamlEntry& e, const Vars& vars, Diagnostics& errors) {
  AdaptUse use{&m, {}, {}, e.key_mark};
  if (!e.value.is_map() && !e.value.is_null())
    throw UserError(str("the options of '", e.key, "' are a map"), std::string(kAdaptHelp),
                    e.value.mark);
  std::vector<std::string> lists;  // options that name what is adapted
  for (const FieldInfo& f : m.attrs.describe())
    if (f.name == "on" || f.name == "inputs") lists.push_back(f.name);
  Args args;
  std::vector<YamlEntry> rest;
  for (const YamlEntry& option : e.value.entries) {
    if (!std::ranges::count(lists, option.key)) {
      rest.push_back(option);
      continue;
    }
    std::vector<std::string> names;
    for (NamePattern& p : names_at(option, vars, errors)) {
      names.push_back(p.text);
      use.on.push_back(std::move(p));
    }
    args.push_back({option.key, std::move(names), option.key_mark, option.value.mark});
  }
  if (use.on.empty() && m.usual.empty())
    throw UserError(str("'", m.name, "' does not say what it adapts"),
                    str("write ", m.name, ": {on: [...]} with names of ", what_is_adapted(m.place),
                        "s as `cambium show` prints them"),
                    e.key_mark);
  if (use.on.empty()) use.on.push_back({std::string(m.usual), e.key_mark});
  for (Arg& a : evaluate_entries(rest, vars, &errors)) args.push_back(std::move(a));
  use.attrs = m.attrs.parse(args, &errors);
  return use;
}
}  // namespace

std::optional<AdaptSource> adapt_source(const Spec& spec, const Vars& vars) {
  const Yaml* section = spec.section("adapt");
  const Yaml* from = section && section->is_map() ? section->find("from") : nullptr;
  if (!from) return {};
  AdaptSource out{name_at(*from, vars, "from"), {}, from->mark};
  if (const Yaml* hash = section->find("hash")) out.hash = name_at(*hash, vars, "hash");
  return out;
}

std::optional<AdaptSpec> parse_adapt(const Spec& spec, const Vars& vars, Diagnostics& errors) {
  const Yaml* section = spec.section("adapt");
  if (!section || section->is_null()) return {};
  if (!section->is_map()) {
    errors.add(UserError("'adapt' is a map of methods", std::string(kAdaptHelp), section->mark));
    return {};
  }
  const size_t before = errors.errors().size();
  AdaptSpec out;
  out.mark = section->mark;
  for (const YamlEntry& e : section->entries)
    gather_error(errors, [&] {
      if (e.key == "also") {
        out.also = names_at(e, vars, errors);
        return;
      }
      if (e.key == "from" || e.key == "hash") {
        name_at(e.value, vars, e.key);
        return;
      }
      const AdapterMethod* m = method_called(e.key);
      if (!m)
        throw UserError(str("there is no adapter '", e.key, "'"), suggestion(e.key, adapt_keys()),
                        e.key_mark);
      out.uses.push_back(use_of(*m, e, vars, errors));
    });
  if (out.uses.empty() && errors.errors().size() == before)
    errors.add(UserError("'adapt' names no method", std::string(kAdaptHelp), section->mark));
  if (errors.errors().size() > before) return {};
  return out;
}
}  // namespace cambium
