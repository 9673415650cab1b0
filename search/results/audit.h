// Audit: what a study's runs spent, beside what they were to spend.
#pragma once
#include "search/runs/timing.h"
#include "search/study/study_plan.h"

namespace cambium {
// Of the finished runs of one variant, means over the seeds.
struct BudgetLine {
  std::string variant;
  int64_t runs = 0;               // finished
  double planned = 0, spent = 0;  // in the budget's unit; seconds are those of the steps alone
  double least = 0, most = 0;     // spent by any run
  double steps = 0, samples = 0, flops = 0, seconds = 0;
  double products = 0;  // the part of flops that is products: docs/flops.md
  // What no budget counts: validation while training and the test at its end, forward alone.
  double evaluation_flops = 0, evaluation_seconds = 0;
  int64_t evaluations = 0;  // of validation data, most of any run

  double deviation() const { return planned > 0 && runs > 0 ? spent / planned - 1 : 0; }

  bool operator==(const BudgetLine&) const = default;

  // FLOPs of evaluation for one of training.
  double evaluation_share() const { return flops > 0 ? evaluation_flops / flops : 0; }
};

// `folders` are those of the variant's finished runs. UserError naming a file that is damaged.
BudgetLine audit_line(const StudyPlan& plan, const PlannedVariant& v,
                      std::span<const std::string> folders);
}  // namespace cambium
