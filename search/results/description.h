// Description: what <study>/study.json says a study is, on what machine and by which command;
// written and read here.
#pragma once
#include "search/results/summary.h"
#include "search/study/study_plan.h"

namespace cambium {
struct DescribedMatch {  // of the free variable
  std::string free;
  int64_t value = 0;
  double target = 0, achieved = 0;

  double deviation() const { return target != 0 ? achieved / target - 1 : 0; }

  bool operator==(const DescribedMatch&) const = default;
};

// A number that is not known is kUnknown or -1, a text that is not known is empty.
struct DescribedVariant {
  std::string name, spec_yaml, spec_hash, domains;
  int64_t parameters = -1, steps = -1;
  double flops_per_step = kUnknown, products_per_step = kUnknown;
  double forward_flops = kUnknown;                  // an example
  int64_t state_bytes = 0;                          // PlannedVariant::state_bytes
  int64_t peak_bytes = -1;                          // memory of a run, as planned
  double step_ms = kUnknown;                        // 0: nothing was measured yet
  Identity data;                                    // empty: not known
  std::string held_out;                             // a hash of what it holds out; empty: not known
  std::optional<std::array<double, 3>> planned_ms;  // of a step: median, quartiles; of budgets in s
  std::optional<double> published;
  std::optional<DescribedMatch> match;
  // What the rows of a study that has not ended are worked out from; -1: not known.
  int64_t examples_per_step = -1, validation_examples = 0, test_examples = 0;
  double planned = kUnknown, evaluation_flops = 0;

  bool operator==(const DescribedVariant&) const = default;
};

struct DescribedTask {
  std::string name, metric;  // that chose its runs' checkpoints
  bool maximize = true;

  bool operator==(const DescribedTask&) const = default;
};

struct Description {
  std::string name, spec;               // spec: the study's file
  std::string metric = "val.accuracy";  // chose the checkpoints
  std::string reported;                 // what the means are of
  bool maximize = true;
  std::vector<int64_t> seeds;        // so far, where looks are planned: frozen.planned
  std::vector<DescribedTask> tasks;  // `variants` are then cells: search/study/cell.h
  std::string baseline;
  Frozen frozen;            // in folders of older programs: one look at their seeds
  std::string budget_kind;  // "flops"; of a study without one "steps"
  double budget = kUnknown;
  bool has_budget = true;   // false: it is what the baseline was to train for
  double overlap = 0;       // StudyPlan::overlap
  int64_t evaluations = 0;  // Study::evaluations
  std::vector<DescribedVariant> variants;
  // In the file's order; numbers as text.
  std::vector<std::pair<std::string, std::string>> machine;
  std::string command, version, created;

  size_t place(std::string_view variant) const;  // in `variants`; its size when unknown

  bool operator==(const Description&) const = default;
};

// `results` is nullptr before the runs have ended.
Description describe(const StudyPlan& plan, const Frozen& frozen, const Summary* results,
                     const std::string& command);

// The plan as far as collect_results() asks for it. None of a program that did not describe all of
// that, or where that can be no study's; UserError for a spec that cannot be read.
std::optional<StudyPlan> plan_of(const Description& description);

Json to_json(const Description& d);

// UserError naming file and key.
Description description_from(const Json& json, const std::string& where);

// Of <folder>/study.json; none where there is no such file.
std::optional<Description> read_description(const std::string& folder);
}  // namespace cambium
