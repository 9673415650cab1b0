// Pictures of a study's models, drawn anew from the specs that the study keeps.
#pragma once
#include "search/results/study_folder.h"
#include "viz/model/graphviz.h"

namespace cambium {
struct InlinePicture {
  std::string svg;      // an element, already filtered; empty when there is none
  std::string problem;  // why there is none
};

// One a variant. A model that cannot be drawn (its data is gone, there is no dot) has the reason
// instead: a report does not fail for want of a picture.
std::vector<InlinePicture> model_pictures(const StudyFolder& r,
                                          const GraphvizOptions& options = {});
}  // namespace cambium
