// What `cambium explain` says of searches: their keys and methods.
#include "app/tables/catalogue.h"
#include "app/tables/topics.h"
#include "search/replay/table_study.h"

namespace cambium {
namespace {
constexpr Topic kSearchKeys[] = {
    {"base",
     "of a search: a table of results, a CSV file. key: is the column (or columns) that names a "
     "row, columns: gives results names (several columns are their mean), seconds: is a column of "
     "durations",
     "base: {table: runs.csv, key: architecture, columns: {accuracy: [accuracy_0, accuracy_1]}}"},
    {"space",
     "what a search varies: name -> a list of choices, a range {int: [a, b], step: s}, {float: [a, "
     "b]} or {log: [a, b]}, or {pattern: LETTERS, length: a..b}. when: says where it has a value "
     "at "
     "all. `table`: all rows. A table's key is the values of its columns' names, or all values in "
     "a row",
     "space:\n  pattern: {pattern: ADM, length: 4..12}\n  heads: [2, 4, 8]\n"
     "  lr: {log: [1e-4, 1e-2]}\n  window: {when: \"pattern has A\", values: [0, 32, 64]}"},
    {"where",
     "what a point of the space must fulfil: comparisons (==, !=, <=, >=, <, >) of arithmetic, and "
     "`pattern has A`, joined by `and` and `or`. A condition that asks for a result is known by "
     "the trial alone: those that break it are worse than all that do not",
     "where: [\"dim % heads == 0\", \"flops <= 100M\"]"},
    {"objectives", "results to be made large or small; the second and third make a front",
     "objectives: {accuracy: max, flops: min}"},
    {"reference",
     "where an objective gains nothing: hypervolume counts from there; the worst row "
     "of the table unless told",
     "reference: {accuracy: 85}"},
    {"finalists", "the best trials, judged by trainings that did not choose them",
     "finalists: {count: 3, judged_by: [accuracy_1, accuracy_2]}"},
};
}  // namespace

void add_search_words(std::vector<CatalogueEntry>& all) {
  for (const Topic& t : kSearchKeys) {
    CatalogueEntry e{.kind = "search key", .name = std::string(t.name)};
    e.doc = t.text;
    e.example = t.example;
    if (t.name == "finalists") e.options = describe_fields<FinalistSettings>();
    all.push_back(std::move(e));
  }
  CatalogueEntry settings{.kind = "search key", .name = "search"};
  settings.doc =
      "how a search goes on: its method and what belongs to its list of trials, which is "
      "the same for any number of workers";
  settings.options = describe_fields<SearchSettings>();
  settings.example = "search: {method: {evolution: {population: 20}}, trials: 100, lag: 8}";
  all.push_back(std::move(settings));
  for (const Method* m : builtin_methods()) {
    CatalogueEntry e{.kind = "method", .name = std::string(m->name), .doc = std::string(m->doc)};
    e.source = m->paper;
    e.options = m->attrs.describe();
    e.accepts = m->many_objectives ? "any number of objectives" : "one objective";
    e.example = str("search: {method: ", m->name, ", trials: 100}");
    all.push_back(std::move(e));
  }
}
}  // namespace cambium
