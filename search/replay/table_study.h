// TableStudy: a search whose results stand in a table.
//   base: {table: nas_bench_macro.csv, key: architecture, columns: {accuracy: [accuracy_0]}}
//   space: {architecture: {pattern: "012", length: 8}}  # or `table`: all its rows
//   where: ["flops <= 100M"]
//   objectives: {accuracy: max, flops: min}
//   search: {method: {nsga2: {population: 20}}, trials: 500, lag: 8, seed: 0}
//   reference: {accuracy: 85}                           # of the hypervolume
//   finalists: {count: 3, judged_by: [accuracy_1]}      # trainings that chose nothing
#pragma once
#include "core/yaml/spec.h"
#include "search/answer/findings.h"
#include "search/methods/support/proposer.h"
#include "search/replay/result_table.h"
#include "search/study/study.h"

namespace cambium {
struct Objective : FoundObjective {
  std::vector<double> of_rows = {};
};

struct TableStudy {
  std::string name, file;
  std::unique_ptr<const ResultTable> table;
  std::unique_ptr<const Space> space;  // of points that have a row
  std::unique_ptr<const Space> asked;  // as the study says it; none where that is `table`
  std::vector<Objective> objectives;
  std::vector<Condition> result_conditions;        // of `where:`: those that ask for a result
  std::vector<std::string> result_names;           // that those ask for
  std::vector<std::vector<double>> result_values;  // of the rows
  // Name and text of what the study says apart from search: and objectives:, for its identity.
  std::vector<std::pair<std::string, std::string>> sections;
  SearchSettings settings;
  const Method* method = nullptr;
  Attrs options;
  FinalistSettings finalists;
  std::vector<std::vector<double>> judgements;  // one a column of `judged_by`: of the rows
  std::vector<double> seconds;                  // of the rows, where `seconds:` names a column

  // What the table says of a point.
  TrialOutcome outcome(const SpacePoint& p) const;
  std::string key(const SpacePoint& p) const;
  ProposerSettings proposer() const;
};

// UserErrors with everything that is wrong with the file.
TableStudy load_table_study(const std::string& path, std::span<const std::string> overrides = {});

struct TableTrial {
  SpacePoint point;
  std::string key;
  int64_t row = 0;
  TrialOutcome outcome;
};

struct TableSearch {
  std::vector<TableTrial> trials;
  bool exhausted = false;  // the space had no more
};

// As what any search found.
Findings findings_of(const TableStudy& study, const TableSearch& search);

// All trials one after another, as `lag` side by side would have been proposed. `stop` is asked
// after each, with how many are done.
TableSearch search_table(const TableStudy& study,
                         const std::function<bool(int64_t done)>& stop = {});
}  // namespace cambium
