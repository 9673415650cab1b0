// Pictures of laws along whole trainings, one file a picture.
#pragma once
#include <span>

#include "search/records/schedule_record.h"
#include "viz/plot/figure.h"

namespace cambium {
using CurvesShown = std::span<const RecordedCurve* const>;

// The loss against steps: what was measured as points, the law as lines.
std::string curves_plot(const std::string& title, CurvesShown curves);
// How far the law lies from what was measured, in percent, against steps.
std::string curve_errors_plot(const std::string& title, CurvesShown curves);
// The learning rates that the curves ran under.
std::string rates_plot(CurvesShown curves);

inline constexpr size_t kMostCurvesDrawn = 6;   // in one picture: as many as colours tell apart
inline constexpr size_t kMostStepsDrawn = 250;  // of one curve

// Places of at most kMostStepsDrawn of n steps, the first and the last among them.
std::vector<size_t> steps_drawn(size_t n);

// Every picture that has something to show: of the curves foretold, and of those fitted.
std::vector<Figure> schedule_figures(const ScheduleRecord& s);
}  // namespace cambium
