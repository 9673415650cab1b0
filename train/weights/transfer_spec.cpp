#include "train/weights/transfer_spec.h"

#include <algorithm>
#include <functional>

#include "core/text/suggest.h"
#include "train/spec/glob.h"
#include "train/weights/resize.h"

namespace cambium {
namespace {
constexpr std::string_view kInitHelp = "write init: {from: runs/base, fresh: [\"head.*\"]}";

constexpr std::string_view kFromHelp =
    "name the folder of a run, a safetensors file, an index of shards or a folder with either";
constexpr std::string_view kHashHelp =
    "leave it out: cambium writes its sixteen hexadecimal digits";
constexpr std::string_view kNameHelp = "write a name in quotes, in which * stands for anything";

std::string text_at(const Yaml& value, const Vars& vars, std::string_view what,
                    std::string_view help = kNameHelp) {
  if (value.is_scalar()) {
    const ArgValue v = evaluate(value, vars);
    if (const auto* text = std::get_if<std::string>(&v.variant()); text && !text->empty())
      return *text;
  }
  throw UserError(str(what, " is text"), std::string(help), value.mark);
}

void collect_error(Diagnostics& errors, const std::function<void()>& f) {
  try {
    f();
  } catch (const UserErrors& e) {
    errors.add_all(e);
  } catch (const UserError& e) {
    errors.add(e);
  }
}

std::vector<NamePattern> patterns_of(const Yaml& value, const Vars& vars, std::string_view what,
                                     Diagnostics& errors) {
  std::vector<NamePattern> out;
  const auto add = [&](const Yaml& item) {
    collect_error(errors, [&] { out.push_back({text_at(item, vars, what), item.mark}); });
  };
  if (!value.is_list()) add(value);
  for (const Yaml& item : value.items) add(item);
  return out;
}

bool is_pairs(const YamlEntry& e, std::string_view example, Diagnostics& errors) {
  if (e.value.is_map()) return true;
  errors.add(UserError(str("'", e.key, "' is a map"), str("write ", e.key, ": {", example, "}"),
                       e.value.mark));
  return false;
}

std::vector<WarmRule> map_of(const YamlEntry& map, const Vars& vars, Diagnostics& errors) {
  std::vector<WarmRule> out;
  if (!is_pairs(map, "\"encoder.*\": \"residual.*\"", errors)) return out;
  for (const YamlEntry& e : map.value.entries)
    collect_error(errors, [&] {
      out.push_back({e.key, text_at(e.value, vars, "the name in the model"), e.key_mark});
    });
  return out;
}

std::vector<ResizeRule> resize_of(const YamlEntry& resize, const Vars& vars, Diagnostics& errors) {
  std::vector<ResizeRule> out;
  if (!is_pairs(resize, "embed.table: by_rows", errors)) return out;
  std::vector<std::string> known;
  for (const ResizeKind& k : resize_kinds()) known.emplace_back(k.name);
  for (const YamlEntry& e : resize.value.entries)
    collect_error(errors, [&] {
      const std::string name =
          text_at(e.value, vars, "the rule", str("it is one of ", join_names(known, " or ")));
      const auto found = std::ranges::find(resize_kinds(), name, &ResizeKind::name);
      if (found == resize_kinds().end())
        throw UserError(str("there is no rule '", name, "' to resize a tensor by"),
                        suggestion(name, known), e.value.mark);
      out.push_back({{e.key, e.key_mark}, &*found});
    });
  return out;
}

void check_hash(const InitSpec& init, Diagnostics& errors) {
  const bool digits = init.hash.size() == 16 && std::ranges::all_of(init.hash, [](char c) {
                        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                      });
  if (!init.hash.empty() && !digits)
    errors.add(UserError(str("'", init.hash, "' is no hash of weights"), std::string(kHashHelp),
                         init.hash_mark));
}

void read_key(const YamlEntry& e, const Vars& vars, InitSpec& out, Diagnostics& errors) {
  if (e.key == "map") out.map = map_of(e, vars, errors);
  if (e.key == "resize") out.resize = resize_of(e, vars, errors);
  if (e.key == "fresh") out.fresh = patterns_of(e.value, vars, "a name of 'fresh'", errors);
  if (e.key == "unused") out.unused = patterns_of(e.value, vars, "a name of 'unused'", errors);
  if (e.key == "from") {
    out.from_mark = e.value.mark;
    out.from = text_at(e.value, vars, "'from'", kFromHelp);
  }
  if (e.key == "hash") {
    out.hash_mark = e.value.mark;
    out.hash = text_at(e.value, vars, "'hash'", kHashHelp);
  }
}

}  // namespace

std::vector<FieldInfo> init_fields() {
  std::vector<FieldInfo> out = describe_fields<InitOptions>();
  std::string rules;
  for (const ResizeKind& k : resize_kinds())
    rules += str(rules.empty() ? "" : "; ", k.name, ": ", k.doc);
  const auto add = [&](std::string name, std::string doc) {
    out.push_back({std::move(name), "map", std::move(doc), "", -kNoLimit, kNoLimit, {}});
  };
  add("map",
      "{source: target} where names differ; each * of the target stands for that of the source");
  add("resize", str("{target: rule} for tensors of other shapes. ", rules));
  return out;
}

bool meets(std::string_view pattern, std::string_view name) {
  while (true) {
    if (glob_matches(pattern, name)) return true;
    const size_t dot = name.rfind('.');
    if (dot == name.npos) return false;
    name = name.substr(0, dot);
  }
}

bool meets_any(std::span<const NamePattern> patterns, std::string_view name) {
  return std::ranges::any_of(patterns, [&](const NamePattern& p) { return meets(p.text, name); });
}

void check_patterns(std::span<const NamePattern> patterns, std::span<const std::string> names,
                    std::string_view what, Diagnostics& errors) {
  std::vector<std::string> known;  // and every block above them
  for (const std::string& name : names)
    for (size_t end = name.size(); end != std::string::npos;
         end = end == 0 ? std::string::npos : name.rfind('.', end - 1))
      if (std::string part = name.substr(0, end); !std::ranges::count(known, part))
        known.push_back(std::move(part));
  for (const NamePattern& p : patterns) {
    if (std::ranges::any_of(names, [&](const std::string& n) { return meets(p.text, n); }))
      continue;
    std::vector<std::string> near = nearest_names(p.text, known);
    if (near.empty())
      near.assign(names.begin(), names.begin() + int64_t(std::min<size_t>(6, names.size())));
    for (std::string& n : near) n = str("'", n, "'");
    errors.add(UserError(str("no ", what, " is called '", p.text, "'"),
                         near.empty() ? "there is none" : str("there is ", join_names(near)),
                         p.mark));
  }
}

std::optional<InitSpec> parse_init(const Spec& spec, const Vars& vars, Diagnostics& errors) {
  const Yaml* section = spec.section("init");
  if (!section) return {};
  if (!section->is_map()) {
    errors.add(UserError(section->is_null() ? "'init' is empty" : "'init' is a map",
                         std::string(kInitHelp), section->mark));
    return {};
  }
  const size_t before = errors.errors().size();
  InitSpec out;
  out.mark = section->mark;
  std::vector<std::string> known;
  for (const FieldInfo& f : init_fields()) known.push_back(f.name);
  for (const YamlEntry& e : section->entries)
    if (std::ranges::count(known, e.key))
      collect_error(errors, [&] { read_key(e, vars, out, errors); });
    else
      errors.add(UserError(str("unknown key '", e.key, "' in init"), suggestion(e.key, known),
                           e.key_mark));
  if (section->entries.empty())
    errors.add(UserError("'init' is empty", std::string(kInitHelp), section->mark));
  else if (!section->find("from"))
    errors.add(UserError("'init' does not say where weights come from", std::string(kInitHelp),
                         section->mark));
  check_hash(out, errors);
  if (errors.errors().size() > before) return {};
  return out;
}

void set_hash(Spec& spec, const std::string& hash) {
  Yaml* section = spec.root.find("init");
  ensure(section && section->is_map(), "a hash without init");
  Yaml value;
  value.kind = Yaml::kScalar;
  value.text = hash;
  value.quoted = true;  // sixteen digits may look like a number
  value.mark = section->mark;
  if (Yaml* old = section->find("hash"))
    *old = std::move(value);
  else
    section->entries.push_back({"hash", section->mark, std::move(value)});
}

namespace {
FreezeSpec freeze_of_map(const Yaml& section, const Vars& vars, Diagnostics& errors) {
  FreezeSpec out;
  std::vector<YamlEntry> options;
  for (const YamlEntry& e : section.entries)
    if (e.key == "names")
      out.names = patterns_of(e.value, vars, "a name of 'freeze'", errors);
    else
      options.push_back(e);
  if (!section.find("names"))
    errors.add(UserError("'freeze' does not say what is frozen",
                         "write freeze: {names: [embed, \"residual*\"], mode: train}, or a list "
                         "of names",
                         section.mark));
  const Args args = evaluate_entries(options, vars, &errors);
  out.in_training = parse_fields<FreezeOptions>(args, &errors).mode == "train";
  return out;
}
}  // namespace

FreezeSpec parse_freeze(const Spec& spec, const Vars& vars, Diagnostics& errors) {
  const Yaml* section = spec.section("freeze");
  if (!section || section->is_null()) return {};
  if (section->is_map()) return freeze_of_map(*section, vars, errors);
  return {patterns_of(*section, vars, "a name of 'freeze'", errors), false};
}
}  // namespace cambium
