// Slice losses: what each variant of a study loses on each slice of the held-out data, such as its
// sources (data/slices.h), and by how much that differs from the baseline.
#pragma once
#include "search/results/study_folder.h"
#include "search/verdict/stats.h"

namespace cambium {
struct SliceLoss {
  std::string variant;
  int64_t n = 0;                               // finished runs that measured it
  double mean = kUnknown;                      // of their best weights
  std::optional<PairedDifference> difference;  // to the baseline, by seed; none below two pairs
  bool own = false;  // measured on other held-out text than the baseline's: no difference is told
};

struct SliceRow {
  std::string metric;            // "test.loss.source.docs", or "val. ..." without a test set
  std::vector<SliceLoss> cells;  // in the order of the study's variants
};

// "source docs" of "val.loss.source.docs"; empty for what is no slice's metric.
std::string slice_of_metric(std::string_view metric);

// Empty where the data has no slices.
std::vector<SliceRow> slice_losses(const StudyFolder& study);
}  // namespace cambium
