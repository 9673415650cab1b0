// The report of a study: one HTML file that needs no network, no script and no other file.
#pragma once
#include "viz/plot/figure.h"
#include "viz/report/model_pictures.h"

namespace cambium {
// Verdict, table, differences, learning curves, budget audit, pictures of the models (in the order
// of the study's variants), failures, every run, and how to do it again; of a study that has not
// ended how far it is and what its finished runs say. All text from files is escaped; the page's
// own policy forbids scripts and every connection. Equal results, equal bytes.
std::string html_report(const StudyFolder& r, std::span<const InlinePicture> pictures = {});

// Those of its plots that are files of their own too: the performance profile over tasks.
std::vector<Figure> study_figures(const StudyFolder& r);
}  // namespace cambium
