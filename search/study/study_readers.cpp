#include "search/study/study_readers.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "core/text/suggest.h"
#include "core/text/utf8.h"
#include "search/study/cell.h"
#include "search/verdict/decision.h"
#include "search/verdict/sequence.h"
#include "train/run/metrics.h"

namespace cambium {
namespace {
int64_t whole(const Yaml& yaml, std::string_view what, int64_t least, const Vars& vars) {
  int64_t n = 0;
  detail::assign(n, Arg{std::string(what), evaluate(yaml, vars)});
  require(n >= least, "'", what, "' must be at least ", least, ", got ", n);
  return n;
}

// One path in the spec, or several.
std::vector<std::string> paths_from(const Yaml& value, std::string_view what) {
  std::vector<std::string> out;
  const std::vector<Yaml> one = {value};
  for (const Yaml& path : value.is_list() ? value.items : one) {
    if (!path.is_scalar())
      throw UserError(str("'", what, "' takes a path in the spec, such as vars.dim, or a list"), "",
                      path.mark);
    if (std::ranges::count(out, path.text))
      throw UserError(str("'", path.text, "' stands twice"), "", path.mark);
    out.push_back(path.text);
  }
  require(!out.empty(), "'", what, "' is an empty list");
  return out;
}

std::vector<std::string> variant_names(const Study& study) {
  std::vector<std::string> names;
  for (const Variant& v : study.variants) names.push_back(v.name);
  return names;
}
}  // namespace

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

void check_names(const Yaml& map, std::span<const std::string> known, std::string_view what,
                 Diagnostics& errors) {
  for (const YamlEntry& e : map.entries)
    if (!std::ranges::count(known, e.key))
      errors.add(
          UserError(str("unknown ", what, " '", e.key, "'"), suggestion(e.key, known), e.key_mark));
}

std::string path_beside(const Yaml& value) {
  require(value.is_scalar(), "a file is named by its path");
  const std::filesystem::path path(value.text);
  if (path.is_absolute()) return value.text;
  return (std::filesystem::path(value.mark.file).parent_path() / path).lexically_normal().string();
}

void read_name(const Yaml& yaml, StudyFile& file) {
  file.study.name = yaml.text;
}

void read_base(const Yaml& yaml, StudyFile& file) {
  if (file.kind == kOfTables) return;  // search/replay/result_table.h reads it
  file.base = path_beside(yaml);
  file.base_mark = yaml.mark;
}

void read_variants(const Yaml& yaml, StudyFile& file) {
  require(yaml.is_map() && !yaml.entries.empty(),
          "variants: is a map of names to overrides or model files");
  for (const YamlEntry& e : yaml.entries) {
    Variant v{e.key, e.key_mark, file.base, file.base_mark, {}};
    if (!is_folder_name(e.key))
      file.errors.add(UserError(str("'", e.key, "' cannot name a variant"),
                                std::string(kFolderNameHelp), e.key_mark));
    if (e.value.is_map())
      v.overrides = e.value.entries;
    else if (e.value.is_scalar())
      std::tie(v.file, v.file_mark) = std::pair(path_beside(e.value), e.value.mark);
    else if (!e.value.is_null())
      file.errors.add(
          UserError(str("variant '", e.key, "' is neither a map of overrides nor a file"),
                    "write {path.in.spec: value} or model.yaml", e.value.mark));
    if (v.file.empty())
      file.errors.add(UserError(str("variant '", e.key, "' has nothing to start from"),
                                "add base: model.yaml to the study", e.key_mark));
    file.study.variants.push_back(std::move(v));
  }
}

void read_set(const Yaml& yaml, StudyFile& file) {
  require(yaml.is_map(), "set: is a map of paths to values");
  file.study.overrides = yaml.entries;
}

// One override more, behind those of `set:`, so that a variant may still say its own. What it says
// is read with each model.
void read_parameterisation(const Yaml& yaml, StudyFile& file) {
  constexpr std::string_view key = "parameterisation";
  for (const YamlEntry& e : file.study.overrides)
    if (e.key == key || e.key.starts_with(str(key, ".")))
      throw UserError(str("set: says '", e.key, "', and so does ", key, ":"), "keep one of them",
                      e.key_mark);
  file.study.overrides.push_back({std::string(key), yaml.mark, yaml});
}

void read_evaluate(const Yaml& yaml, StudyFile& file) {
  for (const YamlEntry& e : file.study.overrides)
    if (e.key == "evaluate" || e.key.starts_with("evaluate."))
      throw UserError(str("set: says '", e.key, "', and so does evaluate:"), "keep one of them",
                      e.key_mark);
  require(yaml.is_map() && !yaml.entries.empty(),
          "evaluate: is a map of names to data, such as {books: {corpus: corpora/books}}");
  file.study.overrides.push_back({"evaluate", yaml.mark, yaml});
}

void read_match(const Yaml& yaml, StudyFile& file) {
  require(yaml.is_map(), "match: is a map such as {params: 500k, free: vars.dim}");
  check_names(yaml, part_names("match"), "key of match", file.errors);
  MatchGoal goal{.mark = yaml.mark};
  if (file.kind == kOfModels) goal.tolerance = 0.02;
  const Yaml *params = yaml.find("params"), *flops = yaml.find("flops");
  require((params != nullptr) != (flops != nullptr), "match: takes one of 'params' and 'flops'");
  goal.kind = params ? MatchGoal::kParameters : MatchGoal::kFlops;
  const Yaml& target = params ? *params : *flops;
  if (!(target.is_scalar() && target.text == "baseline"))
    goal.target = quantity(target, file.vars, params ? "params" : "flops");
  if (const Yaml* free = yaml.find("free")) goal.free = paths_from(*free, "free");
  if (const Yaml* t = yaml.find("tolerance"))
    goal.tolerance = read_share(*t, file.vars, "tolerance");
  file.study.match = goal;
}

void read_budget(const Yaml& yaml, StudyFile& file) {
  const std::vector<std::string> kinds = part_names("budget");
  require(yaml.is_map() && yaml.entries.size() == 1,
          "budget: takes one of steps, samples, flops and seconds");
  check_names(yaml, kinds, "budget", file.errors);
  const YamlEntry& e = yaml.entries[0];
  const auto kind = std::ranges::find(kinds, e.key);
  if (kind == kinds.end()) return;
  const double value = quantity(e.value, file.vars, e.key);
  require(value > 0, "a budget of ", value, " ", e.key, " trains nothing");
  file.study.budget = Budget{Budget::Kind(kind - kinds.begin()), value, e.value.mark};
}

namespace {
// {until: decided, at_most: 12}
void read_until(const Yaml& yaml, StudyFile& file) {
  check_names(yaml, part_names("seeds"), "key of seeds", file.errors);
  const Yaml *until = yaml.find("until"), *most = yaml.find("at_most");
  require(until && until->is_scalar() && until->text == "decided",
          "seeds: takes {until: decided, at_most: 12}, a number or a list");
  const int64_t n = most ? whole(*most, "at_most", kLeastSeeds, file.vars) : 12;
  require(n <= 100, "'at_most' is at most 100 seeds, got ", n);
  file.study.looks = planned_looks(n);
  for (int64_t s = 0; s < n; ++s) file.study.seeds.push_back(s);
}
}  // namespace

void read_seeds(const Yaml& yaml, StudyFile& file) {
  file.study.seeds.clear();
  if (yaml.is_map()) return read_until(yaml, file);
  if (!yaml.is_list()) {
    const int64_t n = whole(yaml, "seeds", 1, file.vars);
    require(n <= 10'000, "'seeds' is a count of at most 10000, or a list, got ", n);
    for (int64_t s = 0; s < n; ++s) file.study.seeds.push_back(s);
    return;
  }
  for (const Yaml& item : yaml.items)
    file.study.seeds.push_back(whole(item, "seeds", 0, file.vars));
  require(!file.study.seeds.empty(), "'seeds' is an empty list");
  std::vector<int64_t> sorted = file.study.seeds;
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  require(twice == sorted.end(), "seed ", twice == sorted.end() ? 0 : *twice, " stands twice");
}

Metric metric_from(const Yaml& yaml) {
  require(yaml.is_scalar() || (yaml.is_map() && yaml.entries.size() == 1),
          "metric: takes one metric, such as {val.accuracy: max}");
  Metric out{yaml.is_scalar() ? yaml.text : yaml.entries[0].key,
             yaml.is_scalar() ? yaml.mark : yaml.entries[0].key_mark};
  out.maximize = higher_is_better(out.name);
  if (!is_validation_metric(out.name))
    throw UserError(str("unknown metric '", out.name, "'"),
                    suggestion(out.name, validation_metrics()), out.mark);
  if (yaml.is_scalar()) return out;
  const Yaml& goal = yaml.entries[0].value;
  const std::string_view natural = out.maximize ? "max" : "min";
  if (goal.text != natural)
    throw UserError(str(out.name, " is better when it is ", out.maximize ? "large" : "small",
                        ", the study says '", goal.text, "'"),
                    str("write metric: {", out.name, ": ", natural, "}"), goal.mark);
  return out;
}

void read_metric(const Yaml& yaml, StudyFile& file) {
  const Metric metric = metric_from(yaml);
  file.study.metric = metric.name;
  file.study.metric_mark = metric.mark;
  file.study.maximize = metric.maximize;
}

void read_alpha(const Yaml& yaml, StudyFile& file) {
  const double alpha = quantity(yaml, file.vars, "alpha");
  require(alpha > 0 && alpha <= 0.5, "'alpha' is a chance above 0 and at most 0.5, got ", alpha);
  file.study.alpha = alpha;
}

void read_least_effect(const Yaml& yaml, StudyFile& file) {
  const double effect = quantity(yaml, file.vars, "least_effect");
  require(effect > 0, "'least_effect' is a difference above 0, got ", effect);
  file.study.least_effect = is_share(file.study.metric) ? effect / 100 : effect;
}

void read_vary(const Yaml& yaml, StudyFile& file) {
  const std::vector<Yaml> one = {yaml};
  for (const Yaml& path : yaml.is_list() ? yaml.items : one) {
    require(path.is_scalar(),
            "vary: takes a path in the spec, such as vars.fold, or a list of them");
    require(path.text != "train.seed", "train.seed is every run's seed already");
    file.study.vary.push_back({path.text, path.mark, {}});
  }
}

void read_baseline(const Yaml& yaml, StudyFile& file) {
  file.study.baseline = yaml.text;
  const std::vector<std::string> names = variant_names(file.study);
  if (!std::ranges::count(names, yaml.text))
    throw UserError(str("the baseline '", yaml.text, "' is no variant"),
                    suggestion(yaml.text, names));
}

void read_published(const Yaml& yaml, StudyFile& file) {
  require(yaml.is_map(), "published: is a map of variants to numbers");
  std::vector<std::string> names = variant_names(file.study), cells;
  for (const Task& task : file.study.tasks)
    for (const std::string& name : names) cells.push_back(cell_name(name, task.name));
  if (!cells.empty()) names = cells;
  for (const YamlEntry& e : yaml.entries) {
    if (std::ranges::count(names, e.key) > 0)
      file.study.published[e.key] = quantity(e.value, file.vars, e.key);
    else
      file.errors.add(UserError(str("the published '", e.key, "' is no variant",
                                    cells.empty() ? "" : " on a task, such as " + cells[0]),
                                suggestion(e.key, names), e.key_mark));
  }
}
}  // namespace cambium
