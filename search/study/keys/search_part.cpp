#include "search/study/keys/search_part.h"

#include <algorithm>

#include "core/text/suggest.h"
#include "search/space/space_reader.h"
#include "search/study/study_keys.h"

namespace cambium {
namespace {
SearchPart& part_of(StudyFile& file) {
  if (!file.study.search) file.study.search.emplace();
  return *file.study.search;
}
}  // namespace

MethodChoice read_method(const Yaml& yaml, const Vars& vars, Diagnostics& errors) {
  const bool with_options = yaml.is_map() && yaml.entries.size() == 1;
  require(yaml.is_scalar() || with_options, "method: takes one name, or {name: {option: value}}");
  MethodChoice out;
  out.method = with_options ? &find_method(yaml.entries[0].key, yaml.entries[0].key_mark)
                            : &find_method(yaml.text, yaml.mark);
  Args args;
  if (with_options) {
    const Yaml& options = yaml.entries[0].value;
    require(options.is_map() || options.is_null(), "options of a method are a map");
    args = evaluate_entries(options.entries, vars, &errors);
  }
  out.options = out.method->attrs.parse(args, &errors);
  return out;
}

MethodChoice settled_method(const SearchPart& part, const Space& space) {
  MethodChoice out = part.method;
  if (!out.method) {
    out.method = &find_method(part.goals.size() > 1 ? "nsga2" : "evolution", {});
    out.options = out.method->attrs.parse({}, nullptr);
  }
  if (part.goals.size() > 1 && !out.method->many_objectives)
    throw UserError(
        str(out.method->name, " takes one objective, the study has ", part.goals.size()),
        "take method: nsga2, tpe or random", part.goals_mark);
  if (out.method->check) out.method->check(out.options, space);
  return out;
}

void read_space(const Yaml& yaml, StudyFile& file) {
  SearchPart& part = part_of(file);
  part.space_mark = yaml.mark;
  const bool rows = yaml.is_scalar() && yaml.text == "table";
  if (!rows) part.dimensions = read_dimensions(yaml, file.vars);
}

void read_conditions(const Yaml& yaml, StudyFile& file) {
  part_of(file).where = read_where(&yaml);
}

void read_objectives(const Yaml& yaml, StudyFile& file) {
  SearchPart& part = part_of(file);
  part.goals_mark = yaml.mark;
  if (!yaml.is_map() || yaml.entries.empty())
    throw UserError("objectives: is a map of results to max or min",
                    "write objectives: {accuracy: max, flops: min}", yaml.mark);
  for (const YamlEntry& e : yaml.entries) {
    if (!e.value.is_scalar() || (e.value.text != "max" && e.value.text != "min"))
      file.errors.add(UserError(str("'", e.key, "' is to be max or min"), "", e.value.mark));
    part.goals.push_back({e.key, e.value.text == "max", e.key_mark});
  }
}

void read_reference(const Yaml& yaml, StudyFile& file) {
  require(yaml.is_map(), "reference: is a map of objectives to values");
  SearchPart& part = part_of(file);
  if (part.goals.size() == 1)
    throw UserError(str("reference: is where hypervolume counts from, and one objective, '",
                        part.goals[0].name, "', has none"),
                    "leave it out, or add an objective");
  std::vector<std::string> known;
  for (const Goal& g : part.goals) known.push_back(g.name);
  for (const YamlEntry& e : yaml.entries) {
    if (!std::ranges::count(known, e.key))
      throw UserError(str("'", e.key, "' is no objective"), suggestion(e.key, known), e.key_mark);
    part.reference.push_back({e.key, quantity(e.value, file.vars, e.key), e.value.mark});
  }
}

void read_search(const Yaml& yaml, StudyFile& file) {
  require(yaml.is_map(), "search: is a map such as {method: evolution, trials: 100}");
  SearchPart& part = part_of(file);
  std::vector<YamlEntry> entries = yaml.entries;
  std::erase_if(entries, [](const YamlEntry& e) { return e.key == "method" || e.key == "rungs"; });
  part.settings = parse_fields<SearchSettings>(evaluate_entries(entries, file.vars, &file.errors),
                                               &file.errors);
  if (const Yaml* rungs = yaml.find("rungs")) {
    if (file.kind == kOfTables)
      throw UserError("a table's results are those of whole trainings: they have no rungs",
                      "leave rungs: out", rungs->mark);
    part.rungs = read_rungs(*rungs, file.vars);
  }
  const Yaml* method = yaml.find("method");
  if (!method) return;
  try {
    part.method = read_method(*method, file.vars, file.errors);
  } catch (UserError& e) {
    if (!e.mark.known()) e.mark = method->mark;
    throw;
  }
}

void read_finalists(const Yaml& yaml, StudyFile& file) {
  const bool table = file.kind == kOfTables;
  const std::string help = table ? "{count: 3, judged_by: [accuracy_1]}" : "{count: 3, seeds: 5}";
  require(yaml.is_map(), "finalists: is a map such as ", help);
  SearchPart& part = part_of(file);
  part.finalists_yaml = yaml;
  part.finalists = parse_fields<FinalistSettings>(
      evaluate_entries(yaml.entries, file.vars, &file.errors), &file.errors);
  const std::string_view others = table ? "seeds" : "judged_by";
  for (const YamlEntry& e : yaml.entries)
    if (e.key == others)
      file.errors.add(UserError(table ? "a table trains nothing: its finalists have no seeds"
                                      : "models are judged by training them, not by columns",
                                str("write finalists: ", help), e.key_mark));
  if (table && !yaml.find("judged_by"))
    throw UserError("finalists: does not say what judges them",
                    "add judged_by: [column, column] of trainings that chose nothing", yaml.mark);
}
}  // namespace cambium
