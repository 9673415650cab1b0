// Timing: what a step takes under the conditions of a study's runs, and what the runs' own times
// say. A machine is slower with neighbours, and slower at some hours than at others: only times
// that were taken side by side are compared.
#pragma once
#include "search/study/study_plan.h"
#include "search/verdict/stats.h"

namespace cambium {
// From training for about `seconds`; the weights are thrown away. RuntimeError: memory.
StepTime measured_step_time(const Experiment& e, double seconds);

// In this process, one after the other, in three rounds, so that no hour is any one variant's.
std::vector<StepTime> step_times_in_turn(std::span<const Experiment> experiments);

// As processes of `program`, `jobs` at a time, in rounds, until each variant has three measurements
// with all its neighbours there. `folder` is for their files and removed. RuntimeError when one
// fails, with what it said.
std::vector<StepTime> step_times_side_by_side(const StudyPlan& plan, const std::string& program,
                                              const std::string& folder, int64_t jobs);

// <run>/company.json: from which step to which a run had all its neighbours. Written by who starts
// the runs.
struct Company {
  int64_t jobs = 1, from = 0, until = -1;  // until < 0: to the end
};

void write_company(const std::string& run_folder, const Company& company);

// The median time of a step among equals.
struct RunTime {
  double ms = 0;
  bool alike = false;  // measured with all neighbours there; else over the whole run
};

RunTime run_time(const std::string& run_folder);

// How much longer a step of one variant takes than one of another, from runs of equal seeds.
struct TimeRatio {
  double ratio = 1;                  // geometric mean
  std::optional<Interval> interval;  // t, of the logarithms; none below three pairs
  int64_t pairs = 0;

  // Whether the times differ beyond their noise.
  bool is_clear() const { return interval && (interval->low > 1 || interval->high < 1); }
};

// None without a pair whose both runs were measured alike.
std::optional<TimeRatio> time_ratio(std::span<const RunTime> a, std::span<const RunTime> b);
}  // namespace cambium
