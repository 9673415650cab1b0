#include "data/recipe/recipe.h"

#include <algorithm>
#include <cctype>

#include "core/hash.h"
#include "core/yaml/listed.h"
#include "core/yaml/quantity.h"

namespace cambium {
namespace {
// Runs f and adds what it throws; the place is `at` where the error knows none.
template <class F> void collect(Diagnostics& errors, const Mark& at, const F& f) {
  try {
    f();
  } catch (const UserErrors& e) {
    errors.add_all(e);
  } catch (UserError& e) {
    if (!e.mark.known()) e.mark = at;
    errors.add(e);
  }
}

std::vector<std::string> texts_of(const Yaml& value, std::string_view what) {
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

bool is_source_name(std::string_view name) {
  return !name.empty() && name.size() <= 60 && std::isalnum(uint8_t(name[0])) &&
         std::ranges::all_of(name, [](char c) {
           return std::isalnum(uint8_t(c)) || c == '_' || c == '-' || c == '.';
         });
}

class Reader {
 public:
  Reader(const Spec& spec, Diagnostics& errors)
      : spec_(spec), errors_(errors), vars_(vars_of(spec)) {}

  Recipe read() {
    recipe_.file = spec_.file;
    recipe_.text = to_yaml(spec_.root);
    check_keys(spec_.root, {"vars", "sources", "steps", "split", "shards"}, "key");
    read_sources();
    if (const Yaml* steps = spec_.section("steps")) read_steps(*steps);
    if (const Yaml* split = spec_.section("split")) read_split(*split);
    if (const Yaml* shards = spec_.section("shards")) read_shards(*shards);
    recipe_.hash = hash();
    return std::move(recipe_);
  }

 private:
  void check_keys(const Yaml& map, const std::vector<std::string>& known, std::string_view what) {
    for (const YamlEntry& e : map.entries)
      if (!std::ranges::count(known, e.key))
        errors_.add(UserError(str("unknown ", what, " '", e.key, "'"), suggestion(e.key, known),
                              e.key_mark));
  }

  bool need_map(const Yaml& value, std::string_view what, std::string_view example) {
    if (value.is_map()) return true;
    errors_.add(UserError(str("'", what, "' is a map"), str("write ", example), value.mark));
    return false;
  }

  void read_sources() {
    const Yaml* sources = spec_.section("sources");
    if (!sources || !sources->is_map() || sources->entries.empty()) {
      errors_.add(UserError("a recipe names the sources of its documents",
                            "write sources: {docs: {path: \"docs/**/*.txt\"}}",
                            sources ? sources->mark : spec_.root.mark));
      return;
    }
    for (const YamlEntry& e : sources->entries)
      collect(errors_, e.key_mark, [&] { read_source(e); });
  }

  void read_source(const YamlEntry& e) {
    if (!is_source_name(e.key))
      throw UserError(str("a source cannot be called '", e.key, "'"),
                      "use letters, digits, '-', '_' and '.': shards are called so", e.key_mark);
    Yaml options = e.value;
    if (options.is_scalar() || options.is_list())
      options = {
          .kind = Yaml::kMap, .mark = e.value.mark, .entries = {{"path", e.key_mark, e.value}}};
    if (!need_map(options, e.key, str("sources: {", e.key, ": {path: texts/}}"))) return;
    std::vector<YamlEntry> plain;
    std::vector<std::pair<std::string, std::string>> meta;
    std::vector<std::string> paths;
    std::optional<std::string> text, id;  // paths such as $.body, which are no variables
    int64_t longest = 16'000'000;
    for (const YamlEntry& o : options.entries) {
      if (o.key == "path")
        paths = texts_of(o.value, "path");
      else if (o.key == "text")
        text = texts_of(o.value, "text")[0];
      else if (o.key == "id")
        id = texts_of(o.value, "id")[0];
      else if (o.key == "meta")
        meta = read_meta(o.value);
      else if (o.key == "longest")
        longest = read_bytes(o.value, "longest", 1);
      else
        plain.push_back(o);
    }
    auto s = parse_fields<RecipeSource>(evaluate_entries(plain, vars_, &errors_), &errors_);
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
    recipe_.sources.push_back(std::move(s));
  }

  static std::string corpus_format(const RecipeSource& s) {
    if (s.split == "paragraph") return "paragraphs";
    if (s.split == "line") return "lines";
    return s.split == "file" || s.format == "text" ? "file" : s.format;
  }

  static std::vector<std::pair<std::string, std::string>> read_meta(const Yaml& value) {
    if (!value.is_map())
      throw UserError("'meta' is a map of names and where they stand", "write meta: {lang: $.lang}",
                      value.mark);
    std::vector<std::pair<std::string, std::string>> meta;
    for (const YamlEntry& e : value.entries) meta.emplace_back(e.key, texts_of(e.value, e.key)[0]);
    return meta;
  }

  int64_t read_bytes(const Yaml& value, std::string_view what, int64_t least) {
    const double n = quantity(value, vars_, what);
    if (!(n >= double(least)) || n > 1e12 || n != double(int64_t(n)))
      throw UserError(
          str("'", what, "' is a whole number of bytes from ", least, " on, got ", value.text), "",
          value.mark);
    return int64_t(n);
  }

  void read_steps(const Yaml& steps) {
    if (!steps.is_list()) {
      errors_.add(UserError("'steps' is a list", "write steps: [{quality: gopher}]", steps.mark));
      return;
    }
    for (const Yaml& item : steps.items) {
      RecipeStep step{choose(spelt_out(item), "step", builtin_steps(), vars_, errors_), {}};
      if (!step.choice) continue;
      step.text = str(step.choice.record->name, "@", step.choice.record->version, "{",
                      step.choice.attrs.text(), "}");
      recipe_.steps.push_back(std::move(step));
    }
  }

  // Maps in place of lists, where a step takes one.
  static Yaml with_lists(Yaml item) {
    YamlEntry& e = item.entries[0];
    for (const CurationKind* kind : builtin_steps())
      if (kind->name == e.key && e.value.is_map())
        for (YamlEntry& option : e.value.entries)
          if (option.key == kind->maps && option.value.is_map())
            option.value = listed(option.value);
    return item;
  }

  // `quality: gopher` is the step gopher_quality, `quality: {gopher: {words: 20..}}` too.
  static Yaml spelt_out(const Yaml& item) {
    if (!item.is_map() || item.entries.size() != 1) return item;
    const YamlEntry& e = item.entries[0];
    if (e.key != "quality" && e.key != "repetition") return with_lists(item);
    Yaml out = item;
    YamlEntry& to = out.entries[0];
    if (e.value.is_scalar())
      to = {str(e.value.text, "_", e.key), e.value.mark, Yaml{.mark = e.value.mark}};
    else if (e.value.is_map() && e.value.entries.size() == 1)
      to = {str(e.value.entries[0].key, "_", e.key), e.value.entries[0].key_mark,
            e.value.entries[0].value};
    return out;
  }

  void read_split(const Yaml& split) {
    if (!need_map(split, "split", "split: {val: 1%, test: 1%}")) return;
    check_keys(split, {"val", "test", "by"}, "key of split");
    for (const auto& [key, to] :
         {std::pair("val", &recipe_.split.val), std::pair("test", &recipe_.split.test)})
      if (const Yaml* value = split.find(key))
        collect(errors_, value->mark, [&, key = key, to = to] {
          *to = read_share(*value, vars_, key);
          require(*to >= 0 && *to < 1, "'", key, "' is a share from 0 to 1, got ", value->text);
        });
    if (recipe_.split.val + recipe_.split.test >= 1)
      errors_.add(UserError("val and test leave nothing to train on", "their sum must be below 1",
                            split.mark));
    if (const Yaml* by = split.find("by")) {
      recipe_.split.by = by->text;
      if (by->text == "cluster" && std::ranges::none_of(recipe_.steps, [](const RecipeStep& s) {
            return s.choice.record->name == "near_duplicates";
          }))
        errors_.add(UserError("clusters are found by the step near_duplicates, and there is none",
                              "add - near_duplicates: {action: mark} to the steps", by->mark));
      if (by->text != "document" && by->text != "cluster")
        errors_.add(UserError(str("'by' is document or cluster, got ", by->text), "", by->mark));
    }
  }

  void read_shards(const Yaml& shards) {
    if (!need_map(shards, "shards", "shards: {size: 64M}")) return;
    check_keys(shards, {"size", "compression", "level"}, "key of shards");
    if (const Yaml* size = shards.find("size"))
      collect(errors_, size->mark,
              [&] { recipe_.shards.size = read_bytes(*size, "size", 1'000'000); });
    if (const Yaml* level = shards.find("level"))
      collect(errors_, level->mark, [&] {
        recipe_.shards.level = read_bytes(*level, "level", 1);
        require(recipe_.shards.level <= 19, "'level' goes up to 19, got ", level->text);
      });
    if (const Yaml* c = shards.find("compression"); c && c->text != "zst")
      errors_.add(UserError(str("shards are packed by Zstandard (zst), got ", c->text),
                            "zstdcat shows one as lines of JSON", c->mark));
  }

  // Wherever the file stands; another version of a step's rules is another recipe.
  uint64_t hash() const {
    std::string all = canonical_text(spec_.root);
    for (const RecipeStep& step : recipe_.steps) all += step.text;
    return hash_text(all);
  }

  const Spec& spec_;
  Diagnostics& errors_;
  Vars vars_;
  Recipe recipe_;
};

std::unique_ptr<CurationStep> open_step(const RecipeStep& step, const StepPlace& place) {
  const CurationKind& kind = *step.choice.record;
  try {
    return kind.open(step.choice.attrs, place);
  } catch (const OptionError& e) {
    const auto at = std::ranges::find(step.choice.args, e.option, &Arg::name);
    throw UserError(str(kind.name, ": ", e.what()), e.help,
                    at == step.choice.args.end() ? step.choice.mark : at->mark);
  } catch (Error& e) {
    if (!e.mark.known()) e.mark = step.choice.mark;
    throw;
  }
}
}  // namespace

bool is_recipe(const Spec& spec) {
  return spec.section("sources") != nullptr;
}

Recipe load_recipe(const std::string& path, std::span<const std::string> overrides) {
  const Spec spec = load_spec(path, overrides);
  Diagnostics errors;
  Recipe recipe = Reader(spec, errors).read();
  errors.throw_if_any();
  open_steps(recipe);
  return recipe;
}

std::vector<std::unique_ptr<CurationStep>> open_steps(const Recipe& recipe) {
  StepPlace place;
  for (const RecipeSource& s : recipe.sources) place.sources.push_back(s.name);
  std::vector<std::unique_ptr<CurationStep>> steps;
  for (const RecipeStep& step : recipe.steps) steps.push_back(open_step(step, place));
  return steps;
}
}  // namespace cambium
