// Tasks: what a study's variants are each tried on.
//   tasks: [{data: {in_context_recall: {}}}, {data: {selective_copying: {}}, metric: val.loss}]
// A task is a set of overrides, with a name (that of its data unless told) and a metric (the
// study's unless told). Every variant on every task is a variant of its own to plans and runs,
// named by search/study/cell.h.
#pragma once
#include "search/study/study.h"

namespace cambium {
// Replaces the variants by one for each of them on each task, task by task; the task's overrides
// come before the variant's. Nothing without tasks. UserError for too many of both.
void spread_over_tasks(Study& study);

// What a cell is judged by: its task's, or the study's.
Metric metric_of(const Study& study, std::string_view cell);
}  // namespace cambium
