#include "search/study/study.h"

#include <algorithm>
#include <filesystem>

#include "search/study/study_readers.h"
#include "search/study/tasks.h"
#include "train/spec/sections.h"

namespace cambium {
namespace {
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

void read_field(const StudyKey& key, const Yaml& value, StudyFile& file) {
  const Arg given{std::string(key.name), evaluate(value, file.vars), {}, value.mark};
  detail::parse_into(&file.study, detail::slots_of<Study>(), {&given, 1}, nullptr);
}

// Every mistake lands in `errors`, at the key's value unless it has a place of its own.
void read_key(const StudyKey& key, StudyFile& file) {
  const Yaml* value = file.spec.section(key.name);
  if (!value) return;
  try {
    if (key.field) read_field(key, *value, file);
    if (key.read) key.read(*value, file);
  } catch (const UserErrors& e) {
    file.errors.add_all(e);
  } catch (UserError& e) {
    if (!e.mark.known()) e.mark = value->mark;
    file.errors.add(e);
  }
}

// The first without overrides, else the first.
std::string natural_baseline(const Study& study) {
  for (const Variant& v : study.variants)
    if (v.overrides.empty()) return v.name;
  return study.variants.empty() ? "" : study.variants[0].name;
}

// A study that only tunes, or a ladder of one model, has one variant, the base as it is.
void take_base_alone(StudyFile& file) {
  if (file.base.empty())
    file.errors.add(UserError("the study has nothing to start from", "add base: model.yaml",
                              file.spec.root.mark));
  file.study.variants.push_back({std::filesystem::path(file.base).stem().string(),
                                 file.base_mark,
                                 file.base,
                                 file.base_mark,
                                 {}});
}

// A value that changes nothing would make many points of one.
void refuse_fixed_lengths(std::span<const Dimension> dimensions, StudyFile& file) {
  for (const Dimension& d : dimensions)
    if (d.name == "train.epochs" || d.name == "train.steps")
      file.errors.add(UserError(
          str("'", d.name, "' changes nothing: budget: says how long every ", "run trains"),
          "leave it out of the space, or remove budget:", d.mark));
}

Study read_study(Spec spec, StudyKinds kind, Diagnostics& errors) {
  const Vars vars = vars_of(spec);
  Study study{.name = std::filesystem::path(spec.file).stem().string(),
              .file = spec.file,
              .seeds = {0, 1, 2}};
  StudyFile file{spec, vars, study, errors, kind};
  const std::vector<std::string> sections = study_sections(kind);
  check_names(spec.root, sections,
              kind == kOfVariants ? "section of a study" : "section of a search", errors);
  mend_keys(spec.root.entries, sections);
  const auto needs = [&](const char* key, const char* help) {
    if (!spec.section(key))
      errors.add(UserError(str("the study has no '", key, "'"), help, spec.root.mark));
  };
  if (kind != kOfVariants) {
    needs("base", "write base: model.yaml, or base: {table: file.csv, key: name}");
    needs("space", "write space: {vars.heads: [2, 4, 8]}, or space: table for all its rows");
    needs("objectives", "write objectives: {val.accuracy: max}, or of a table's results");
  } else if (!spec.section("tune") && !spec.section("scale") && !spec.section("mix")) {
    needs("variants", "write variants: {name: {path.in.spec: value}, other: model.yaml}");
  }
  const bool alone = kind == kOfVariants && !spec.section("variants");
  for (const StudyKey& key : study_key_list()) {
    if (!(key.of & kind)) continue;
    if (alone && key.name == "set") take_base_alone(file);
    read_key(key, file);
  }
  if (study.scale) settle_ladder(file);
  if (study.mix) settle_mixtures(file);
  if (study.budget && study.search) refuse_fixed_lengths(study.search->dimensions, file);
  if (study.budget && study.tune) refuse_fixed_lengths(study.tune->space->dimensions(), file);
  study.base = {"base", file.base_mark, file.base, file.base_mark, {}};
  if (study.baseline.empty()) study.baseline = natural_baseline(study);
  if (kind != kOfVariants && !study.search) study.search.emplace();
  if (errors.empty()) spread_over_tasks(study);
  return study;
}
}  // namespace

std::string_view name_of(Budget::Kind kind) {
  constexpr std::string_view names[] = {"steps", "samples", "flops", "seconds"};
  return names[size_t(kind)];
}

bool is_study(const Spec& spec) {
  return spec.section("variants") || spec.section("base") || spec.section("seeds") ||
         spec.section("scale") || spec.section("mix");
}

Study load_study(const std::string& path, std::span<const std::string> overrides) {
  Spec spec = load_spec(path, overrides);
  refuse_model(spec);
  Diagnostics errors;
  Study study = read_study(std::move(spec), kOfVariants, errors);
  errors.throw_if_any();
  return study;
}

bool is_search(const Spec& spec) {
  return spec.section("space") && !spec.section("variants");
}

bool is_table_search(const Spec& spec) {
  const Yaml* base = spec.section("base");
  return is_search(spec) && base && base->is_map();
}

Study read_search(const Spec& spec, Diagnostics& errors) {
  refuse_model(spec);
  return read_study(spec, is_table_search(spec) ? kOfTables : kOfModels, errors);
}
}  // namespace cambium
