#include "data/recipe/recipe_source.h"

#include <algorithm>
#include <cctype>

#include "core/yaml/quantity.h"

namespace cambium {
std::vector<std::string> recipe_texts(const Yaml& value, std::string_view what) {
  std::vector<std::string> out;
  const std::vector<Yaml> one = {value};
  for (const Yaml& item : value.is_list() ? value.items : one) {
    if (!item.is_scalar() || item.text.empty())
      throw UserError(str("'", what, "' takes a text or a list of texts"), "", item.mark);
    out.push_back(item.text);
  }
  if (out.empty()) throw UserError(str("'", what, "' is an empty list"), "", value.mark);
  return out;
}

int64_t whole_bytes_of(const Yaml& value, const Vars& vars, std::string_view what, int64_t least) {
  const double n = quantity(value, vars, what);
  if (!(n >= double(least)) || n > 1e12 || n != double(int64_t(n)))
    throw UserError(
        str("'", what, "' is a whole number of bytes from ", least, " on, got ", value.text), "",
        value.mark);
  return int64_t(n);
}

namespace {
bool is_source_name(std::string_view name) {
  return !name.empty() && name.size() <= 60 && std::isalnum(uint8_t(name[0])) &&
         std::ranges::all_of(name, [](char c) {
           return std::isalnum(uint8_t(c)) || c == '_' || c == '-' || c == '.';
         });
}

std::string corpus_format(const RecipeSource& s) {
  if (s.split == "paragraph") return "paragraphs";
  if (s.split == "line") return "lines";
  return s.split == "file" || s.format == "text" ? "file" : s.format;
}

std::vector<std::pair<std::string, std::string>> read_meta(const Yaml& value) {
  if (!value.is_map())
    throw UserError("'meta' is a map of names and where they stand", "write meta: {lang: $.lang}",
                    value.mark);
  std::vector<std::pair<std::string, std::string>> meta;
  for (const YamlEntry& e : value.entries)
    meta.emplace_back(e.key, recipe_texts(e.value, e.key)[0]);
  return meta;
}

}  // namespace

RecipeSource read_recipe_source(const YamlEntry& e, const Vars& vars, Diagnostics& errors) {
  if (!is_source_name(e.key))
    throw UserError(str("a source cannot be called '", e.key, "'"),
                    "use letters, digits, '-', '_' and '.': shards are called so", e.key_mark);
  Yaml options = e.value;
  if (options.is_scalar() || options.is_list())
    options = {
        .kind = Yaml::kMap, .mark = e.value.mark, .entries = {{"path", e.key_mark, e.value}}};
  if (!options.is_map())
    throw UserError(str("'", e.key, "' is a map"),
                    str("write sources: {", e.key, ": {path: texts/}}"), options.mark);
  std::vector<YamlEntry> plain;
  std::vector<std::pair<std::string, std::string>> meta;
  std::vector<std::string> paths;
  std::optional<std::string> text, id;  // paths such as $.body, which are no variables
  int64_t longest = 16'000'000;
  for (const YamlEntry& o : options.entries) {
    if (o.key == "path")
      paths = recipe_texts(o.value, "path");
    else if (o.key == "text")
      text = recipe_texts(o.value, "text")[0];
    else if (o.key == "id")
      id = recipe_texts(o.value, "id")[0];
    else if (o.key == "meta")
      meta = read_meta(o.value);
    else if (o.key == "longest")
      longest = whole_bytes_of(o.value, vars, "longest", 1);
    else
      plain.push_back(o);
  }
  auto s = parse_fields<RecipeSource>(evaluate_entries(plain, vars, &errors), &errors);
  s.name = e.key;
  s.text = text.value_or(s.text);
  s.id = id.value_or(s.id);
  s.mark = e.key_mark;
  s.paths = std::move(paths);
  if (s.paths.empty())
    throw UserError(str("source '", e.key, "' has no path"),
                    "add path: a file, a folder, a pattern such as \"docs/**/*.txt\", or -",
                    options.mark);
  if (!s.split.empty() && s.format != "auto" && s.format != "text")
    throw UserError(str("'split' is of text, and '", e.key, "' is ", s.format),
                    "leave it out: an object or a row is a document", options.mark);
  s.corpus = {.format = corpus_format(s),
              .key = s.text,
              .id = s.id,
              .meta = std::move(meta),
              .columns = s.columns,
              .longest = longest};
  return s;
}

}  // namespace cambium
