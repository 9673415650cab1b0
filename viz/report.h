// The report of a study: one HTML file that needs no network, no script and no other file.
#pragma once
#include "viz/results.h"

namespace cambium {
// Verdict, table, differences, learning curves, budget audit, pictures of the models, failures,
// every run, and how to do it again. All text from files is escaped; the page's own policy forbids
// scripts and every connection. Equal results, equal bytes.
std::string html_report(const StudyResults& r);
}  // namespace cambium
