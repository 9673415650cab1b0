#include "data/recipe/recipe.h"

#include <algorithm>

#include "core/hash.h"
#include "core/yaml/listed.h"
#include "core/yaml/quantity.h"
#include "data/recipe/recipe_source.h"

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

class Reader {
 public:
  Reader(const Spec& spec, Diagnostics& errors)
      : spec_(spec), errors_(errors), vars_(vars_of(spec)) {}

  Recipe read() {
    recipe_.file = spec_.file;
    recipe_.text = to_yaml(spec_.root);
    check_keys(spec_.root, {"vars", "append", "sources", "steps", "split", "shards"}, "key");
    read_sources();
    if (const Yaml* append = spec_.section("append")) read_append(*append);
    if (const Yaml* steps = spec_.section("steps")) read_steps(*steps);
    if (const Yaml* split = spec_.section("split")) read_split(*split);
    drop_copies_of_held_out();
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
      collect(errors_, e.key_mark,
              [&] { recipe_.sources.push_back(read_recipe_source(e, vars_, errors_)); });
  }

  void read_steps(const Yaml& steps) {
    if (!steps.is_list()) {
      errors_.add(UserError("'steps' is a list", "write steps: [{quality: gopher}]", steps.mark));
      return;
    }
    for (const Yaml& item : steps.items) add_step(item);
  }

  void add_step(const Yaml& item) {
    RecipeStep step{choose(spelt_out(item), "step", builtin_steps(), vars_, errors_), {}};
    if (!step.choice) return;
    step.text = str(step.choice.record->name, "@", step.choice.record->version, "{",
                    step.choice.attrs.text(), "}");
    recipe_.steps.push_back(std::move(step));
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

  void read_append(const Yaml& append) {
    recipe_.append_mark = append.mark;
    collect(errors_, append.mark, [&] {
      recipe_.append = recipe_texts(append, "append")[0];
      require(append.is_scalar(), "'append' takes the folder of one corpus");
    });
  }

  // What models are judged by is that of the version before: nothing like it may be added to what
  // they are trained on.
  void drop_copies_of_held_out() {
    if (recipe_.append.empty()) return;
    const Mark& at = recipe_.append_mark;
    const auto map = [&](const char* key, Yaml value) {
      return Yaml{.kind = Yaml::kMap, .mark = at, .entries = {{key, at, std::move(value)}}};
    };
    Yaml held_out{.kind = Yaml::kScalar, .mark = at};
    held_out.text = "held_out";
    add_step(map("near_duplicates", map("against", held_out)));
  }

  void read_split(const Yaml& split) {
    if (!need_map(split, "split", "split: {val: 1%, test: 1%}")) return;
    check_keys(split, {"val", "test", "by"}, "key of split");
    for (const auto& [key, to] :
         {std::pair("val", &recipe_.split.val), std::pair("test", &recipe_.split.test)})
      if (const Yaml* value = split.find(key))
        collect(errors_, value->mark, [&, key = key, to = to] {
          *to = read_share(*value, vars_, key);
          require(*to >= 0 && *to <= 1, "'", key, "' is a share from 0 to 1, got ", value->text);
        });
    if (recipe_.split.val + recipe_.split.test > 1)
      errors_.add(UserError("val and test are more than there is",
                            "their sum may be 1 at most, of a corpus that only judges",
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
              [&] { recipe_.shards.size = whole_bytes_of(*size, vars_, "size", 1'000'000); });
    if (const Yaml* level = shards.find("level"))
      collect(errors_, level->mark, [&] {
        recipe_.shards.level = whole_bytes_of(*level, vars_, "level", 1);
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
  StepPlace place{.appends = !recipe.append.empty(),
                  .holds_out = recipe.split.val + recipe.split.test > 0};
  for (const RecipeSource& s : recipe.sources) place.sources.push_back(s.name);
  std::vector<std::unique_ptr<CurationStep>> steps;
  for (const RecipeStep& step : recipe.steps) steps.push_back(open_step(step, place));
  return steps;
}
}  // namespace cambium
