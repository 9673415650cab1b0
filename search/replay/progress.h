// Progress: what a search had found after so many trials, beside what as many uniform draws would.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "search/replay/expected.h"

namespace cambium {
struct ProgressPoint {
  int64_t trials = 0;
  double found = 0;                 // the least loss, NaN before the first; or the hypervolume
  std::optional<DrawnBest> random;  // none where there are no more draws, or all are not known
};

// At most a hundred numbers of trials from 1 to `trials`, close together where they are small.
std::vector<int64_t> progress_counts(int64_t trials);

// Of one objective, where `reference` is empty, the least loss; of two and three the hypervolume.
// `found`: losses of each trial; `all`: of all that could be drawn; empty where they do not count.
std::vector<ProgressPoint> progress_of(std::span<const std::vector<double>> found,
                                       std::span<const std::vector<double>> all,
                                       std::span<const double> reference);
}  // namespace cambium
