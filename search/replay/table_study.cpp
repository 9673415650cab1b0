#include "search/replay/table_study.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/text/suggest.h"

namespace cambium {
namespace {
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
std::vector<std::pair<std::string, std::string>> texts_of(const Spec& spec) {
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

// Makes of what a study says what its table knows; every mistake lands in `errors`.
class TableStudyReader {
 public:
  explicit TableStudyReader(const Spec& spec)
      : spec_(spec), vars_(vars_of(spec)), said_(read_search(spec, errors_)), part_(*said_.search) {
    study_.file = spec.file;
    study_.name = said_.name;
    study_.settings = part_.settings;
    study_.finalists = part_.finalists;
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

  void read_space();
  void read_objective(const Goal& g);
  void read_finalists(const Yaml& yaml);
  void read_seconds(const Yaml& yaml);
  std::string that_chose(const std::string& column) const;
  void read_conditions(std::vector<Condition>& of_values);

  const Spec& spec_;
  Vars vars_;
  TableStudy study_;
  Diagnostics errors_;
  Study said_;
  SearchPart& part_;
};

// Conditions that ask for a result can only be judged by it.
void TableStudyReader::read_conditions(std::vector<Condition>& of_values) {
  const std::vector<std::string> results = study_.table->names();
  const auto is_result = [&](const std::string& name) {
    return std::ranges::count(results, name) > 0;
  };
  for (Condition& c : part_.where) {
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
  const Yaml* yaml = spec_.section("space");
  const bool rows = yaml && yaml->is_scalar() && yaml->text == "table";
  if (part_.dimensions.empty() && !rows) return;  // it could not be read
  const Mark& mark = part_.space_mark;
  std::vector<Dimension> dimensions = rows ? study_.table->dimensions(mark) : part_.dimensions;
  study_.table->check_space(dimensions, mark);
  std::vector<Condition> where;
  read_conditions(where);
  const auto has_row = [table = study_.table.get()](const Space& space, const SpacePoint& p) {
    return table->row_of(table->key_of(space.dimensions(), p)).has_value();
  };
  // What is wrong with the conditions shows without the table, what is wrong then is the rows'.
  auto asked = std::make_unique<Space>(dimensions, where, vars_, mark);
  try {
    study_.space =
        std::make_unique<Space>(std::move(dimensions), std::move(where), vars_, mark, has_row);
  } catch (const UserError&) {
    fail_without_rows(*study_.table, *asked);
  }
  if (!rows) study_.asked = std::move(asked);  // `table` asks for the rows alone
}

void TableStudyReader::read_objective(const Goal& g) {
  Objective o{{.name = g.name, .maximize = g.maximize}, {}};
  try {
    o.of_rows = study_.table->values(g.name, g.mark);
  } catch (const UserError& e) {
    if (!std::ranges::count(study_.table->key_columns(), g.name)) throw;
    throw UserError(str("'", g.name, "' is a key of the table, and no result: ", e.what()),
                    str("name one of ", join_names(study_.table->names())), g.mark);
  }
  bool any = false;
  for (const double v : o.of_rows) {
    if (std::isnan(v)) continue;
    o.reference = !any || o.loss(v) > o.loss(o.reference) ? v : o.reference;
    any = true;
  }
  if (!any)
    throw UserError(str("no row has a '", g.name, "'"),
                    str("fill its cells in '", study_.table->file(),
                        "', or name another result: ", join_names(study_.table->names())),
                    g.mark);
  const auto said = std::ranges::find(part_.reference, g.name, &ReferenceValue::name);
  if (said != part_.reference.end()) {
    o.reference = said->value;
    o.reference_is_worst = false;
  }
  study_.objectives.push_back(std::move(o));
}

void TableStudyReader::read_finalists(const Yaml& yaml) {
  const Yaml* columns = yaml.find("judged_by");
  if (!columns) return;  // which is an error already
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

void TableStudyReader::read_seconds(const Yaml& yaml) {
  study_.seconds = study_.table->values(yaml.text, yaml.mark);
  for (size_t row = 0; row < study_.seconds.size(); ++row)
    if (study_.seconds[row] < 0)
      throw UserError(str("column '", yaml.text, "' holds ", study_.seconds[row],
                          ", and no training takes less than no time"),
                      "write how long it took, or leave the cell empty",
                      study_.table->line_of(int64_t(row)));
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
  const Yaml* base = spec_.section("base");
  if (!base) errors_.throw_if_any();
  if (!base->is_map())
    throw UserError("base: is no table", "write base: {table: file.csv, key: name}", base->mark);
  const size_t before = errors_.errors().size();
  part([&] { study_.table = std::make_unique<ResultTable>(*base, &errors_); }, base->mark);
  if (!study_.table) errors_.throw_if_any();
  const bool keyed = errors_.errors().size() == before;
  for (const Goal& g : part_.goals) part([&] { read_objective(g); }, g.mark);
  if (keyed) part([&] { read_space(); }, spec_.root.mark);
  if (part_.finalists_yaml)
    part([&] { read_finalists(*part_.finalists_yaml); }, part_.finalists_yaml->mark);
  if (const Yaml* seconds = base->find("seconds"))
    part([&] { read_seconds(*seconds); }, seconds->mark);
  errors_.throw_if_any();
  study_.sections = texts_of(spec_);
  const MethodChoice choice = settled_method(part_, *study_.space);
  study_.method = choice.method;
  study_.options = choice.options;
  return std::move(study_);
}
}  // namespace

TableStudy load_table_study(const std::string& path, std::span<const std::string> overrides) {
  const Spec spec = load_spec(path, overrides);
  return TableStudyReader(spec).read();
}
}  // namespace cambium
