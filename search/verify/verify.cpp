#include "search/verify/verify.h"

#include <algorithm>
#include <filesystem>

#include "core/system/files.h"
#include "core/text/suggest.h"

namespace cambium {
namespace {
namespace fs = std::filesystem;

constexpr std::string_view kNested[] = {"data", "set", "settings", "grid", "full"};

bool is_nested(std::string_view key) {
  return std::ranges::find(kNested, key) != std::end(kNested);
}

void check_keys(const Yaml& map, bool full, Diagnostics& errors) {
  std::vector<std::string> known;
  for (const FieldInfo& f : describe_fields<VerifyNumbers>()) known.push_back(f.name);
  for (const std::string_view key : kNested)
    if (!full || key != "full") known.emplace_back(key);
  for (const YamlEntry& e : map.entries)
    if (!std::ranges::count(known, e.key))
      errors.add(UserError(str("unknown key '", e.key, "' of a cell"), suggestion(e.key, known),
                           e.key_mark));
}

// The file's keys, those of `full` in their place. What it says of the protocol goes together.
Yaml at_size(const Yaml& root, bool full) {
  Yaml out = root;
  std::erase_if(out.entries, [](const YamlEntry& e) { return e.key == "full"; });
  const Yaml* more = full ? root.find("full") : nullptr;
  if (!more || !more->is_map()) return out;
  const auto is_protocol = [](std::string_view key) {
    return key == "protocol" || key == "differs";
  };
  for (const YamlEntry& e : more->entries)
    std::erase_if(out.entries, [&](const YamlEntry& old) {
      return old.key == e.key || (is_protocol(e.key) && is_protocol(old.key));
    });
  out.entries.insert(out.entries.end(), more->entries.begin(), more->entries.end());
  return out;
}

std::vector<YamlEntry> map_of(const Yaml& cell, std::string_view key, Diagnostics& errors) {
  const Yaml* yaml = cell.find(key);
  if (!yaml || yaml->is_null()) return {};
  if (yaml->is_map()) return yaml->entries;
  errors.add(UserError(str("'", key, "' is a map of paths in the spec"), {}, yaml->mark));
  return {};
}

void read_nested(const Yaml& yaml, VerifyCell& cell, Diagnostics& errors) {
  cell.overrides = map_of(yaml, "set", errors);
  cell.data = map_of(yaml, "data", errors);
  cell.grid = map_of(yaml, "grid", errors);
  for (const YamlEntry& e : cell.grid)
    if (!e.value.is_list() || e.value.items.empty())
      errors.add(UserError(str("grid: '", e.key, "' takes a list of values"), {}, e.value.mark));
  for (const YamlEntry& e : cell.grid)
    if (e.key == "train.seed" && cell.numbers.seeds > 1)
      errors.add(UserError(
          str("grid: train.seed and seeds = ", cell.numbers.seeds, " both say which seeds are run"),
          "leave one of them out", e.value.mark));
  if (const Yaml* settings = yaml.find("settings")) {
    if (settings->is_list()) cell.settings = settings->items;
    for (const Yaml& s : cell.settings)
      if (!s.is_map() && !s.is_null())
        errors.add(UserError("a setting is a map of paths in the spec to values", {}, s.mark));
    if (cell.settings.empty())
      errors.add(UserError("settings: takes a list of maps", {}, settings->mark));
  } else {
    cell.settings.emplace_back();
  }
}

void check_numbers(const VerifyNumbers& n, const Yaml& root, Diagnostics& errors) {
  for (const auto& [key, given] :
       {std::pair{"title", !n.title.empty()}, std::pair{"source", !n.source.empty()},
        std::pair{"spec", !n.spec.empty()},
        std::pair{"published", root.find("published") != nullptr},
        std::pair{"tolerance", root.find("tolerance") != nullptr}})
    if (!given) errors.add(UserError(str("the cell has no '", key, "'"), {}, root.mark));
  if (n.epoch == "common" && (!n.metric.starts_with("val") || root.find("grid")))
    errors.add(
        UserError("epoch: common takes the mean of a val metric over all runs, without a grid", {},
                  root.mark));
  const bool published = n.protocol == "published";
  if (published != n.differs.empty())
    errors.add(UserError(published ? "the cell says both `protocol: published` and `differs`"
                                   : "the cell does not say how it differs from the published run",
                         "say `differs: what`, or `protocol: published` when nothing does",
                         root.mark));
}
}  // namespace

bool is_verify_cell(const Spec& spec) {
  return spec.root.find("published") && spec.root.find("spec");
}

std::vector<std::string> verify_names(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  if (names.empty())
    throw UserError(str("'", folder, "' holds no cells to verify"),
                    "run this where configs/verify is, or give its folder with --cells DIR");
  std::ranges::sort(names);
  return names;
}

VerifyCell load_verify(const std::string& folder, const std::string& name, bool full) {
  const std::vector<std::string> names = verify_names(folder);
  if (!std::ranges::count(names, name))
    throw UserError(str("unknown cell '", name, "'"), suggestion(name, names));
  VerifyCell cell;
  cell.name = name;
  cell.file = (fs::path(folder) / (name + ".yaml")).string();
  const Spec spec = load_spec(cell.file);
  Diagnostics errors;
  check_keys(spec.root, false, errors);
  if (const Yaml* more = spec.root.find("full"); more && more->is_map())
    check_keys(*more, true, errors);
  else if (more)
    errors.add(UserError("full: is a map of what --full replaces", {}, more->mark));
  const Yaml yaml = at_size(spec.root, full);
  std::vector<YamlEntry> scalars;
  const std::vector<FieldInfo> known = describe_fields<VerifyNumbers>();
  for (const YamlEntry& e : yaml.entries)
    if (!is_nested(e.key) && std::ranges::count(known, e.key, &FieldInfo::name))
      scalars.push_back(e);
  cell.numbers = parse_fields<VerifyNumbers>(evaluate_entries(scalars, Vars(), &errors), &errors);
  check_numbers(cell.numbers, yaml, errors);
  read_nested(yaml, cell, errors);
  errors.throw_if_any();
  const fs::path model(cell.numbers.spec);
  if (model.is_relative())
    cell.numbers.spec = (fs::path(cell.file).parent_path() / model).lexically_normal().string();
  return cell;
}

bool within_tolerance(const VerifyNumbers& n, double value) {
  const double above = value - n.published;
  if (n.bound == "at_least") return above >= -n.tolerance;
  if (n.bound == "at_most") return above <= n.tolerance;
  return above >= -n.tolerance && above <= n.tolerance;
}
}  // namespace cambium
