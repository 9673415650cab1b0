// Curves of a study's runs: one series a variant, thinned to what a plot can show.
#pragma once
#include <span>

#include "search/results/study_folder.h"
#include "viz/plot/svg_plot.h"

namespace cambium {
inline constexpr size_t kMostCurvePoints = 120;

// At most `most` points: means of equal stretches, so that noise shrinks and no spike is picked.
Curve thinned(const Curve& c, size_t most = kMostCurvePoints);

// Mean, lowest and highest of several curves where all of them have values; between its points a
// curve is a straight line.
Band band_of(std::span<const Curve> curves, size_t most = kMostCurvePoints);

enum class Horizontal { kSteps, kFlops };

// The series of one key of the log ("val.accuracy"), values times `scale`.
std::vector<Series> series_of(const StudyFolder& r, std::string_view key, Horizontal x,
                              double scale);
}  // namespace cambium
