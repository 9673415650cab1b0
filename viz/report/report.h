// The report of a study: one HTML file that needs no network, no script and no other file.
#pragma once
#include "viz/report/results.h"

namespace cambium {
// read_results() with a picture of each model, drawn anew from the spec that the study keeps. A
// model that cannot be drawn (its data is gone, there is no dot) shows the reason instead.
StudyResults read_study(const std::string& folder);

// Verdict, table, differences, learning curves, budget audit, pictures of the models, failures,
// every run, and how to do it again. All text from files is escaped; the page's own policy forbids
// scripts and every connection. Equal results, equal bytes.
std::string html_report(const StudyResults& r);
}  // namespace cambium
