// Reads `tune:`.
#include <algorithm>
#include <cmath>

#include "search/space/space_reader.h"
#include "search/study/study_readers.h"
#include "search/study/tune_settings.h"

namespace cambium {
namespace {
constexpr int64_t kMostOfSobol = 20;  // trials: beyond, a method that learns does better

Choice<Method> read_method(const TuneSettings& t, const Yaml* yaml, StudyFile& file) {
  if (yaml) return choose<Method>(*yaml, "method", builtin_methods(), file.vars, file.errors);
  const Method& usual = find_method(t.trials <= kMostOfSobol ? "sobol" : "tpe", {});
  return {&usual, usual.attrs.parse({}, nullptr), {}};
}

void check_seed(const TuneSettings& t, const Study& study, const Mark& mark) {
  if (std::ranges::count(study.seeds, t.seed))
    throw UserError(str("seed ", t.seed,
                        " tunes and judges: what was chosen by a seed must not be "
                        "judged by it"),
                    "name a tune.seed that seeds: does not have", mark);
}

// What a variant or a task says of itself would be lost.
void refuse_what_is_said(const Space& space, StudyFile& file) {
  const auto refuse = [&](const std::vector<YamlEntry>& overrides, const std::string& who) {
    for (const YamlEntry& e : overrides)
      for (const Dimension& d : space.dimensions())
        if (e.key == d.name || e.key.starts_with(d.name + "."))
          file.errors.add(UserError(str("'", d.name, "' is tuned, and ", who, " sets it"),
                                    str("leave it out of ", who, " or of tune.space"), e.key_mark));
  };
  for (const Variant& v : file.study.variants) refuse(v.overrides, str("variant '", v.name, "'"));
  for (const Task& t : file.study.tasks) refuse(t.overrides, str("task '", t.name, "'"));
}
}  // namespace

int64_t RungSettings::parts() const {
  return std::max<int64_t>(1, std::llround(1 / shares().front()));
}

std::string RungSettings::text() const {
  return str(method->name, " ", options.text());
}

RungSettings read_rungs(const Yaml& yaml, const Vars& vars) {
  Diagnostics own;
  RungSettings out{read_rung_choice(yaml, vars, own)};
  own.throw_if_any();
  return out;
}

void read_tune(const Yaml& yaml, StudyFile& file) {
  require(yaml.is_map(),
          "tune: is a map such as {space: {train.optimizer.adamw.lr: {log: [1e-4, "
          "1e-2]}}, trials: 12}");
  check_names(yaml, part_names("tune"), "key of tune", file.errors);
  TuneSettings t;
  std::vector<YamlEntry> plain;
  for (const YamlEntry& e : yaml.entries)
    if (e.key == "trials" || e.key == "lag" || e.key == "seed") plain.push_back(e);
  t = parse_fields<TuneSettings>(evaluate_entries(plain, file.vars, &file.errors), &file.errors);
  t.mark = yaml.mark;
  t.text = canonical_text(yaml);
  const Yaml* space = yaml.find("space");
  if (!space)
    throw UserError("tune: does not say what it may choose",
                    "add space: {train.optimizer.adamw.lr: {log: [1e-4, 1e-2]}}", yaml.mark);
  t.space = std::make_shared<const Space>(read_dimensions(*space, file.vars),
                                          std::vector<Condition>(), file.vars, space->mark);
  refuse_what_is_said(*t.space, file);
  if (const Yaml* rungs = yaml.find("rungs")) t.rungs = read_rungs(*rungs, file.vars);
  t.method = read_method(t, yaml.find("method"), file);
  if (t.method && t.method.record->check) t.method.record->check(t.method.attrs, *t.space);
  const Yaml* seed = yaml.find("seed");
  check_seed(t, file.study, seed ? seed->mark : yaml.mark);
  if (!file.study.vary.empty() && !seed)
    throw UserError("`vary` gives every run's seed to the data too, and tune: does not say which",
                    "add tune.seed: one that seeds: does not have", yaml.mark);
  if (file.study.budget && file.study.budget->kind == Budget::kSeconds)
    throw UserError(
        "tune: needs a budget that is counted: with seconds the choice would depend on "
        "how busy the machine is",
        "write budget: {flops: ...}, {steps: ...} or {samples: ...}", yaml.mark);
  file.study.tune = std::make_shared<const TuneSettings>(std::move(t));
}
}  // namespace cambium
