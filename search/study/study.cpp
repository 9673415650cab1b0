#include "search/study/study.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "core/text/suggest.h"
#include "core/text/utf8.h"
#include "train/run/metrics.h"
#include "train/spec/sections.h"

namespace cambium {
namespace {
const std::vector<std::string> kSections = {
    "name", "base", "variants", "set",         "match",     "budget", "seeds",        "metric",
    "jobs", "vars", "baseline", "evaluations", "published", "alpha",  "least_effect", "vary"};

// Of letters in any script: a name of the safe characters of every file system, that no terminal
// obeys and no command takes for an option.
bool is_folder_name(std::string_view name) {
  if (name.empty() || name.size() > 100 || std::string_view(" .-").find(name[0]) != name.npos)
    return false;
  return name.back() != ' ' && printable(name) == name && std::ranges::all_of(name, [](char c) {
           return std::isalnum(uint8_t(c)) || uint8_t(c) >= 0x80 ||
                  std::string_view(" _-+=.,()").find(c) != std::string_view::npos;
         });
}

// Reads one study; every mistake lands in `errors`.
class StudyReader {
 public:
  explicit StudyReader(const Spec& spec) : spec_(spec), vars_(vars_of(spec)) {
    study_.file = spec.file;
    study_.name = std::filesystem::path(spec.file).stem().string();
  }

  Study read();

 private:
  template <class F> void section(std::string_view name, const F& f) {
    const Yaml* yaml = spec_.section(name);
    if (!yaml) return;
    try {
      f(*yaml);
    } catch (const UserErrors& e) {
      errors_.add_all(e);
    } catch (UserError& e) {
      if (!e.mark.known()) e.mark = yaml->mark;
      errors_.add(e);
    }
  }

  void check_names(const Yaml& map, const std::vector<std::string>& known, std::string_view what);
  std::string path_from(const Yaml& value) const;
  void read_variants(const Yaml& yaml);
  void read_match(const Yaml& yaml);
  void read_budget(const Yaml& yaml);
  void read_seeds(const Yaml& yaml);
  void read_metric(const Yaml& yaml);
  void read_published(const Yaml& yaml);
  void read_least_effect(const Yaml& yaml);
  void read_vary(const Yaml& yaml);
  int64_t whole(const Yaml& yaml, std::string_view what, int64_t least);

  Spec spec_;
  Vars vars_;
  Study study_;
  Diagnostics errors_;
};

void StudyReader::check_names(const Yaml& map, const std::vector<std::string>& known,
                              std::string_view what) {
  for (const YamlEntry& e : map.entries)
    if (!std::ranges::count(known, e.key))
      errors_.add(
          UserError(str("unknown ", what, " '", e.key, "'"), suggestion(e.key, known), e.key_mark));
}

std::string StudyReader::path_from(const Yaml& value) const {
  require(value.is_scalar(), "a model file is named by its path");
  const std::filesystem::path path(value.text);
  if (path.is_absolute()) return value.text;
  return (std::filesystem::path(value.mark.file).parent_path() / path).lexically_normal().string();
}

void StudyReader::read_variants(const Yaml& yaml) {
  require(yaml.is_map() && !yaml.entries.empty(),
          "variants: is a map of names to overrides or model files");
  std::string base;
  Mark base_mark;
  section("base", [&](const Yaml& b) {
    base = path_from(b);
    base_mark = b.mark;
  });
  for (const YamlEntry& e : yaml.entries) {
    Variant v{e.key, e.key_mark, base, base_mark, {}};
    if (!is_folder_name(e.key))
      errors_.add(UserError(str("'", e.key, "' cannot name a variant"),
                            "it becomes the name of a folder: use at most 100 letters, digits, "
                            "spaces and _ - + = . , ( ), and begin with none of space . -",
                            e.key_mark));
    if (e.value.is_map())
      v.overrides = e.value.entries;
    else if (e.value.is_scalar())
      std::tie(v.file, v.file_mark) = std::pair(path_from(e.value), e.value.mark);
    else if (!e.value.is_null())
      errors_.add(UserError(str("variant '", e.key, "' is neither a map of overrides nor a file"),
                            "write {path.in.spec: value} or model.yaml", e.value.mark));
    if (v.file.empty())
      errors_.add(UserError(str("variant '", e.key, "' has nothing to start from"),
                            "add base: model.yaml to the study", e.key_mark));
    study_.variants.push_back(std::move(v));
  }
}

void StudyReader::read_match(const Yaml& yaml) {
  require(yaml.is_map(), "match: is a map such as {params: 500k, free: vars.dim}");
  check_names(yaml, {"params", "flops", "free", "tolerance"}, "key of match");
  MatchGoal goal{.mark = yaml.mark};
  const Yaml *params = yaml.find("params"), *flops = yaml.find("flops");
  require((params != nullptr) != (flops != nullptr), "match: takes one of 'params' and 'flops'");
  goal.kind = params ? MatchGoal::kParameters : MatchGoal::kFlops;
  const Yaml& target = params ? *params : *flops;
  if (!(target.is_scalar() && target.text == "baseline"))
    goal.target = quantity(target, vars_, params ? "params" : "flops");
  if (const Yaml* free = yaml.find("free")) goal.free = free->text;
  if (const Yaml* t = yaml.find("tolerance")) {
    const bool percent = t->is_scalar() && t->text.ends_with('%');
    Yaml number = *t;
    if (percent) number.text.pop_back();
    goal.tolerance = quantity(number, vars_, "tolerance") / (percent ? 100 : 1);
  }
  study_.match = goal;
}

void StudyReader::read_budget(const Yaml& yaml) {
  const std::vector<std::string> kinds = {"steps", "samples", "flops", "seconds"};
  require(yaml.is_map() && yaml.entries.size() == 1,
          "budget: takes one of steps, samples, flops and seconds");
  check_names(yaml, kinds, "budget");
  const YamlEntry& e = yaml.entries[0];
  const auto kind = std::ranges::find(kinds, e.key);
  if (kind == kinds.end()) return;
  const double value = quantity(e.value, vars_, e.key);
  require(value > 0, "a budget of ", value, " ", e.key, " trains nothing");
  study_.budget = Budget{Budget::Kind(kind - kinds.begin()), value};
}

int64_t StudyReader::whole(const Yaml& yaml, std::string_view what, int64_t least) {
  int64_t n = 0;
  detail::assign(n, Arg{std::string(what), evaluate(yaml, vars_)});
  require(n >= least, "'", what, "' must be at least ", least, ", got ", n);
  return n;
}

void StudyReader::read_seeds(const Yaml& yaml) {
  study_.seeds.clear();
  if (!yaml.is_list()) {
    const int64_t n = whole(yaml, "seeds", 1);
    require(n <= 10'000, "'seeds' is a count of at most 10000, or a list, got ", n);
    for (int64_t s = 0; s < n; ++s) study_.seeds.push_back(s);
    return;
  }
  for (const Yaml& item : yaml.items) study_.seeds.push_back(whole(item, "seeds", 0));
  require(!study_.seeds.empty(), "'seeds' is an empty list");
  std::vector<int64_t> sorted = study_.seeds;
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  require(twice == sorted.end(), "seed ", twice == sorted.end() ? 0 : *twice, " stands twice");
}

void StudyReader::read_metric(const Yaml& yaml) {
  const std::vector<std::string> metrics = validation_metrics();
  require(yaml.is_scalar() || (yaml.is_map() && yaml.entries.size() == 1),
          "metric: takes one metric, such as {val.accuracy: max}");
  study_.metric = yaml.is_scalar() ? yaml.text : yaml.entries[0].key;
  study_.metric_mark = yaml.is_scalar() ? yaml.mark : yaml.entries[0].key_mark;
  study_.maximize = higher_is_better(study_.metric);
  if (!std::ranges::count(metrics, study_.metric))
    throw UserError(str("unknown metric '", study_.metric, "'"), suggestion(study_.metric, metrics),
                    study_.metric_mark);
  if (yaml.is_scalar()) return;
  const Yaml& goal = yaml.entries[0].value;
  const std::string_view natural = study_.maximize ? "max" : "min";
  if (goal.text != natural)
    throw UserError(str(study_.metric, " is better when it is ",
                        study_.maximize ? "large" : "small", ", the study says '", goal.text, "'"),
                    str("write metric: {", study_.metric, ": ", natural, "}"), goal.mark);
}

void StudyReader::read_published(const Yaml& yaml) {
  require(yaml.is_map(), "published: is a map of variants to numbers");
  std::vector<std::string> names;
  for (const Variant& v : study_.variants) names.push_back(v.name);
  for (const YamlEntry& e : yaml.entries) {
    if (std::ranges::count(names, e.key) > 0)
      study_.published[e.key] = quantity(e.value, vars_, e.key);
    else
      errors_.add(UserError(str("the published '", e.key, "' is no variant"),
                            suggestion(e.key, names), e.key_mark));
  }
}

void StudyReader::read_least_effect(const Yaml& yaml) {
  const double effect = quantity(yaml, vars_, "least_effect");
  require(effect > 0, "'least_effect' is a difference above 0, got ", effect);
  study_.least_effect = is_share(study_.metric) ? effect / 100 : effect;
}

void StudyReader::read_vary(const Yaml& yaml) {
  const std::vector<Yaml> one = {yaml};
  for (const Yaml& path : yaml.is_list() ? yaml.items : one) {
    require(path.is_scalar(),
            "vary: takes a path in the spec, such as vars.fold, or a list of them");
    require(path.text != "train.seed", "train.seed is every run's seed already");
    study_.vary.push_back({path.text, path.mark, {}});
  }
}

// Whoever gives a model to a command for studies needs one sentence, not a list of unknown
// sections.
void refuse_model(const Spec& spec) {
  for (const char* section : {"model", "encoder", "decoder"})
    if (const Yaml* found = spec.section(section); found && !is_study(spec))
      throw UserError(str("'", spec.file, "' is a model, and this takes a study"),
                      str("train it with `cambium train ", spec.file, "`, or write a study: base: ",
                          spec.file, ", then variants: {as_it_is: {}, wider: {vars.dim: 128}}"),
                      found->mark);
}

Study StudyReader::read() {
  check_names(spec_.root, kSections, "section of a study");
  mend_keys(spec_.root.entries, kSections);
  if (!spec_.section("variants"))
    errors_.add(UserError("the study has no 'variants'",
                          "write variants: {name: {path.in.spec: value}, other: model.yaml}",
                          spec_.root.mark));
  study_.seeds = {0, 1, 2};
  section("name", [&](const Yaml& y) { study_.name = y.text; });
  section("variants", [&](const Yaml& y) { read_variants(y); });
  section("set", [&](const Yaml& y) {
    require(y.is_map(), "set: is a map of paths to values");
    study_.overrides = y.entries;
  });
  section("match", [&](const Yaml& y) { read_match(y); });
  section("budget", [&](const Yaml& y) { read_budget(y); });
  section("seeds", [&](const Yaml& y) { read_seeds(y); });
  section("metric", [&](const Yaml& y) { read_metric(y); });
  section("published", [&](const Yaml& y) { read_published(y); });
  section("alpha", [&](const Yaml& y) {
    study_.alpha = quantity(y, vars_, "alpha");
    require(study_.alpha > 0 && study_.alpha <= 0.5,
            "'alpha' is a chance above 0 and at most 0.5, got ", study_.alpha);
  });
  section("least_effect", [&](const Yaml& y) { read_least_effect(y); });
  section("vary", [&](const Yaml& y) { read_vary(y); });
  section("jobs", [&](const Yaml& y) { study_.jobs = whole(y, "jobs", 0); });
  section("evaluations", [&](const Yaml& y) { study_.evaluations = whole(y, "evaluations", 0); });
  std::vector<std::string> names;
  for (const Variant& v : study_.variants) {
    names.push_back(v.name);
    if (study_.baseline.empty() && v.overrides.empty()) study_.baseline = v.name;
  }
  if (study_.baseline.empty() && !names.empty()) study_.baseline = names[0];
  section("baseline", [&](const Yaml& y) {
    study_.baseline = y.text;
    if (!std::ranges::count(names, y.text))
      throw UserError(str("the baseline '", y.text, "' is no variant"), suggestion(y.text, names));
  });
  errors_.throw_if_any();
  return std::move(study_);
}
}  // namespace

std::string_view name_of(Budget::Kind kind) {
  constexpr std::string_view names[] = {"steps", "samples", "flops", "seconds"};
  return names[size_t(kind)];
}

bool is_study(const Spec& spec) {
  return spec.section("variants") || spec.section("base") || spec.section("seeds");
}

Study load_study(const std::string& path, std::span<const std::string> overrides) {
  const Spec spec = load_spec(path, overrides);
  refuse_model(spec);
  return StudyReader(spec).read();
}
}  // namespace cambium
