// Pictures of a study's models, drawn anew from the specs that the study keeps.
#pragma once
#include "viz/model/graphviz.h"
#include "viz/report/results.h"

namespace cambium {
// Fills `picture` of each variant. A model that cannot be drawn (its data is gone, there is no dot)
// gets the reason in `picture_problem` instead: a report does not fail for want of a picture.
void add_pictures(StudyResults& r, const GraphvizOptions& options = {});
}  // namespace cambium
