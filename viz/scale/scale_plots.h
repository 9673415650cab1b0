// Pictures of scaling laws, one file a picture.
#pragma once
#include "search/records/scale_record.h"
#include "viz/plot/figure.h"

namespace cambium {
// Answers against the law's first quantity: runs, the law's lines with the intervals of the curve
// and of a run, and runs held out with what was foretold.
std::string law_plot(const ScaleRecord& s, const ScaleLaw& g);
// How far runs lie from the law, with the band that 95 % of runs stay in.
std::string residual_plot(const ScaleRecord& s, const ScaleLaw& g);
// N*(C) and D*(C) with intervals.
std::string allocation_plot(const ScaleLaw& g);
// All groups against compute (or the law's one quantity), each with its law at the best split, or
// else along its only line.
std::string groups_plot(const ScaleRecord& s);

inline constexpr size_t kMostRunsDrawn = 1500;

// Every picture that has something to show, in the order of a page; sections are named
// scale_section() of their group, and "Groups".
std::vector<Figure> scale_figures(const ScaleRecord& s);
std::string scale_section(const ScaleLaw& g);

// "parameters N", "training tokens D", "training FLOPs C", "loss (nats)"
std::string quantity_label(std::string_view quantity);
// "20 tokens per parameter", "5.0G tokens", "best split of compute"
std::string line_name(const ScaleLine& l);
// The place of the line a run lies on or nearest to; of lines at no fixed value the first.
size_t nearest_line(const ScaleLaw& g, const ScaleRun& run);
}  // namespace cambium
