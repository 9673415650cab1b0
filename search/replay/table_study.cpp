#include "search/replay/table_study.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/text/suggest.h"
#include "search/space/space_reader.h"
#include "search/study/study.h"

namespace cambium {
namespace {
const std::vector<std::string> kKeys = {"name",   "vars",       "base",      "space",    "where",
                                        "search", "objectives", "reference", "finalists"};

constexpr int kLooked = 20'000;  // points of a space that hardly has rows

[[noreturn]] void fail_without_rows(const ResultTable& table, const Space& asked) {
  Random random(0, stream_of("search.rows"));
  int with = 0;
  std::string key;
  for (int i = 0; i < kLooked; ++i) {
    const std::string k = table.key_of(asked.dimensions(), asked.draw(random));
    if (table.row_of(k))
      ++with;
    else if (key.empty())
      key = k;
  }
  throw UserError(
      str(with, " of ", kLooked, " points drawn from the space have a row: no row for '", key,
          "' (the table has '", table.nearest_key(key), "')"),
      str("keys are texts, here of ", join_names(table.key_columns()),
          ": name the columns that hold the space's values in key:, and write values "
          "as the table does"),
      asked.mark());
}

// Of the base all but where the table lies: its content counts.
std::vector<std::pair<std::string, std::string>> sections_of(const Spec& spec) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const char* name : {"vars", "base", "space", "where", "reference", "finalists"})
    if (const Yaml* section = spec.section(name)) {
      Yaml tree = *section;
      if (std::string_view(name) == "base")
        std::erase_if(tree.entries, [](const YamlEntry& e) { return e.key == "table"; });
      out.emplace_back(name, canonical_text(tree));
    }
  return out;
}

// Reads one study; every mistake lands in `errors`.
class TableStudyReader {
 public:
  explicit TableStudyReader(const Spec& spec) : spec_(spec), vars_(vars_of(spec)) {
    study_.file = spec.file;
    study_.name = std::filesystem::path(spec.file).stem().string();
  }

  TableStudy read();

 private:
  template <class F> void part(const F& f, const Mark& mark) {
    try {
      f();
    } catch (const UserErrors& e) {
      errors_.add_all(e);
    } catch (UserError& e) {
      if (!e.mark.known()) e.mark = mark;
      errors_.add(e);
    }
  }

  const Yaml& needed(std::string_view name, const std::string& help) {
    const Yaml* yaml = spec_.section(name);
    if (!yaml) throw UserError(str("the study has no '", name, "'"), help, spec_.root.mark);
    return *yaml;
  }

  void read_space();
  void read_objectives();
  void read_reference(const Yaml& yaml);
  void read_search(const Yaml& yaml);
  void read_finalists(const Yaml& yaml);
  std::string that_chose(const std::string& column) const;
  void read_method(const Yaml& yaml);
  void read_conditions(std::vector<Condition>& of_values);

  const Spec& spec_;
  Vars vars_;
  TableStudy study_;
  Diagnostics errors_;
};

// Conditions that ask for a result can only be judged by it.
void TableStudyReader::read_conditions(std::vector<Condition>& of_values) {
  const Yaml* where = spec_.section("where");
  const std::vector<std::string> results = study_.table->names();
  const auto is_result = [&](const std::string& name) {
    return std::ranges::count(results, name) > 0;
  };
  for (Condition& c : read_where(where)) {
    if (std::ranges::none_of(c.names(), is_result)) {
      of_values.push_back(std::move(c));
      continue;
    }
    for (const std::string& name : c.names())
      if (is_result(name) && !std::ranges::count(study_.result_names, name)) {
        study_.result_names.push_back(name);
        study_.result_values.push_back(study_.table->values(name, c.mark()));
      }
    study_.result_conditions.push_back(std::move(c));
  }
}

void TableStudyReader::read_space() {
  const Yaml& yaml = needed("space", "write space: table for all its rows");
  const bool rows = yaml.is_scalar() && yaml.text == "table";
  std::vector<Dimension> dimensions =
      rows ? study_.table->dimensions(yaml.mark) : read_dimensions(yaml, vars_);
  study_.table->check_space(dimensions, yaml.mark);
  std::vector<Condition> where;
  read_conditions(where);
  const auto has_row = [table = study_.table.get()](const Space& space, const SpacePoint& p) {
    return table->row_of(table->key_of(space.dimensions(), p)).has_value();
  };
  // What is wrong with the conditions shows without the table, what is wrong then is the rows'.
  auto asked = std::make_unique<Space>(dimensions, where, vars_, yaml.mark);
  try {
    study_.space =
        std::make_unique<Space>(std::move(dimensions), std::move(where), vars_, yaml.mark, has_row);
  } catch (const UserError&) {
    fail_without_rows(*study_.table, *asked);
  }
  if (!rows) study_.asked = std::move(asked);  // `table` asks for the rows alone
}

void TableStudyReader::read_objectives() {
  const Yaml& yaml = needed("objectives", "write objectives: {accuracy: max}");
  if (!yaml.is_map() || yaml.entries.empty())
    throw UserError("objectives: is a map of results to max or min",
                    "write objectives: {accuracy: max, flops: min}", yaml.mark);
  for (const YamlEntry& e : yaml.entries) {
    if (!e.value.is_scalar() || (e.value.text != "max" && e.value.text != "min"))
      throw UserError(str("'", e.key, "' is to be max or min"), "", e.value.mark);
    Objective o{.name = e.key, .maximize = e.value.text == "max"};
    o.of_rows = study_.table->values(e.key, e.key_mark);
    bool any = false;
    for (const double v : o.of_rows) {
      if (std::isnan(v)) continue;
      o.reference = !any || o.loss(v) > o.loss(o.reference) ? v : o.reference;
      any = true;
    }
    if (!any)
      throw UserError(str("no row has a '", e.key, "'"),
                      str("fill its cells in '", study_.table->file(),
                          "', or name another result: ", join_names(study_.table->names())),
                      e.key_mark);
    study_.objectives.push_back(std::move(o));
  }
}

void TableStudyReader::read_reference(const Yaml& yaml) {
  require(yaml.is_map(), "reference: is a map of objectives to values");
  std::vector<std::string> known;
  for (const Objective& o : study_.objectives) known.push_back(o.name);
  for (const YamlEntry& e : yaml.entries) {
    const auto o = std::ranges::find(study_.objectives, e.key, &Objective::name);
    if (o == study_.objectives.end())
      throw UserError(str("'", e.key, "' is no objective"), suggestion(e.key, known), e.key_mark);
    o->reference = quantity(e.value, vars_, e.key);
    o->reference_is_worst = false;
  }
}

void TableStudyReader::read_method(const Yaml& yaml) {
  const bool with_options = yaml.is_map() && yaml.entries.size() == 1;
  require(yaml.is_scalar() || with_options, "method: takes one name, or {name: {option: value}}");
  study_.method = with_options ? &find_method(yaml.entries[0].key, yaml.entries[0].key_mark)
                               : &find_method(yaml.text, yaml.mark);
  Args args;
  if (with_options) {
    const Yaml& options = yaml.entries[0].value;
    require(options.is_map() || options.is_null(), "options of a method are a map");
    args = evaluate_entries(options.entries, vars_, &errors_);
  }
  study_.options = study_.method->attrs.parse(args, &errors_);
}

void TableStudyReader::read_search(const Yaml& yaml) {
  require(yaml.is_map(), "search: is a map such as {method: evolution, trials: 100}");
  std::vector<YamlEntry> entries = yaml.entries;
  std::erase_if(entries, [](const YamlEntry& e) { return e.key == "method"; });
  study_.settings =
      parse_fields<SearchSettings>(evaluate_entries(entries, vars_, &errors_), &errors_);
  if (const Yaml* method = yaml.find("method")) part([&] { read_method(*method); }, method->mark);
}

void TableStudyReader::read_finalists(const Yaml& yaml) {
  require(yaml.is_map(), "finalists: is a map such as {count: 3, judged_by: [accuracy_1]}");
  study_.finalists =
      parse_fields<FinalistSettings>(evaluate_entries(yaml.entries, vars_, &errors_), &errors_);
  const Yaml* columns = yaml.find("judged_by");
  if (!columns)
    throw UserError("finalists: does not say what judges them",
                    "add judged_by: [column, column] of trainings that chose nothing", yaml.mark);
  std::vector<std::string> before;
  for (size_t i = 0; i < study_.finalists.judged_by.size(); ++i) {
    const std::string& name = study_.finalists.judged_by[i];
    part(
        [&] {
          for (const std::string& c : study_.table->columns_of(name, columns->mark)) {
            if (const std::string chose = that_chose(c); !chose.empty())
              throw UserError(str("column '", c, "' cannot judge the finalists: ", chose, " it"),
                              "name columns of trainings that chose nothing");
            if (std::ranges::count(before, c))
              throw UserError(str("column '", c, "' judges the finalists twice"),
                              "name every training once");
            before.push_back(c);
          }
          study_.judgements.push_back(study_.table->values(name, columns->mark));
        },
        columns->is_list() ? columns->items[i].mark : columns->mark);
  }
}

// What has used a column to choose, or nothing: "the objective 'acc' uses".
std::string TableStudyReader::that_chose(const std::string& column) const {
  const auto uses = [&](const std::string& result) {
    return std::ranges::count(study_.table->columns_of(result, {}), column) > 0;
  };
  for (const Objective& o : study_.objectives)
    if (uses(o.name)) return str("the objective '", o.name, "' uses");
  for (const std::string& name : study_.result_names)
    if (uses(name)) return "where: asks for";
  return {};
}

TableStudy TableStudyReader::read() {
  for (const YamlEntry& e : spec_.root.entries)
    if (!std::ranges::count(kKeys, e.key))
      errors_.add(UserError(str("unknown section of a search '", e.key, "'"),
                            suggestion(e.key, kKeys), e.key_mark));
  const Yaml& base = needed("base", "write base: {table: file.csv, key: name}");
  if (!base.is_map())
    throw UserError("this build searches tables of results only, and base: is no table",
                    "write base: {table: file.csv, key: name}, or compare variants with `cambium "
                    "compare`",
                    base.mark);
  study_.table = std::make_unique<ResultTable>(base);
  if (const Yaml* y = spec_.section("name")) study_.name = y->text;
  part([&] { read_objectives(); }, spec_.root.mark);
  part([&] { read_space(); }, spec_.root.mark);
  if (const Yaml* y = spec_.section("reference")) part([&] { read_reference(*y); }, y->mark);
  if (const Yaml* y = spec_.section("search")) part([&] { read_search(*y); }, y->mark);
  if (const Yaml* y = spec_.section("finalists")) part([&] { read_finalists(*y); }, y->mark);
  if (const Yaml* seconds = base.find("seconds"))
    part([&] { study_.seconds = study_.table->values(seconds->text, seconds->mark); },
         seconds->mark);
  errors_.throw_if_any();
  study_.sections = sections_of(spec_);
  if (!study_.method) {
    study_.method = &find_method(study_.objectives.size() > 1 ? "nsga2" : "evolution", {});
    study_.options = study_.method->attrs.parse({}, nullptr);
  }
  if (study_.objectives.size() > 1 && !study_.method->many_objectives)
    throw UserError(
        str(study_.method->name, " takes one objective, the study has ", study_.objectives.size()),
        "take method: nsga2, tpe or random", spec_.section("objectives")->mark);
  if (study_.method->check) study_.method->check(study_.options, *study_.space);
  return std::move(study_);
}
}  // namespace

bool is_search(const Spec& spec) {
  return spec.section("space") && !spec.section("variants");
}

TableStudy load_table_study(const std::string& path, std::span<const std::string> overrides) {
  const Spec spec = load_spec(path, overrides);
  return TableStudyReader(spec).read();
}
}  // namespace cambium
