#include "train/spec/data_paths.h"

#include <algorithm>
#include <filesystem>

#include "core/text/suggest.h"

namespace cambium {
namespace {
void add_paths(const Yaml& yaml, const Vars& vars, std::vector<std::string>& paths) {
  for (const Yaml& item : yaml.items) add_paths(item, vars, paths);
  for (const YamlEntry& e : yaml.entries) add_paths(e.value, vars, paths);
  if (!yaml.is_scalar()) return;
  try {
    const ArgValue value = evaluate(yaml, vars);
    const auto* text = std::get_if<std::string>(&value.variant());
    std::error_code ignored;
    if (text && std::filesystem::exists(*text, ignored) && !std::ranges::count(paths, *text))
      paths.push_back(*text);
  } catch (const UserError&) {
    return;  // no path
  }
}

std::string quoted(std::vector<std::string> paths) {
  for (std::string& p : paths) p = str("'", p, "'");
  return join_names(paths);
}
}  // namespace

std::vector<std::string> data_paths(const Spec& spec) {
  std::vector<std::string> paths;
  const auto add_data = [&](const Yaml* data) {
    // A name alone is no path, even where a file is called so.
    if (data && data->is_map())
      for (const YamlEntry& e : data->entries) add_paths(e.value, vars_of(spec), paths);
  };
  try {
    add_data(spec.section("data"));
    if (const Yaml* sets = spec.section("evaluate"))
      for (const YamlEntry& e : sets->entries) add_data(&e.value);
  } catch (const UserError&) {
    return {};  // variables that cannot be read
  }
  return paths;
}

std::string read_from_text(const Spec& is, const Spec* was) {
  const std::vector<std::string> now = data_paths(is);
  const std::vector<std::string> then = was ? data_paths(*was) : now;
  const std::string before = then.empty() || then == now ? "" : "was read from " + quoted(then);
  if (now.empty()) return before.empty() ? "" : "it " + before;
  return str("it is read from ", quoted(now), before.empty() ? "" : ", " + before);
}
}  // namespace cambium
