// Pictures of what a search found, one file a picture.
#pragma once
#include "search/records/search_record.h"
#include "viz/plot/figure.h"

namespace cambium {
// All trials over two objectives (places in SearchRecord::objectives); of two objectives the front
// as steps, beside the exact front of the table, the reference point, and the finalists with their
// intervals.
std::string front_plot(const SearchRecord& s, size_t on_x, size_t on_y);
// Best so far, or the hypervolume so far, beside uniform draws.
std::string progress_plot(const SearchRecord& s);
// Shares of the variance of one objective with their intervals, the largest first.
std::string importance_plot(const SearchRecord& s, size_t objective);
// How far each finalist lies above the best of the others (Hsu), with intervals.
std::string finalists_plot(const SearchRecord& s);
// What the trainings that judge them gave, and their mean.
std::string trainings_plot(const SearchRecord& s);
// Simulated time by the number of workers.
std::string times_plot(const SearchRecord& s);

inline constexpr size_t kMostImportanceRows = 12, kMostPointsDrawn = 2000;

// Every picture that has something to show, in the order of a page.
std::vector<Figure> search_figures(const SearchRecord& s);

// "accuracy (more is better)"
std::string axis_label(const RecordedObjective& o);
}  // namespace cambium
