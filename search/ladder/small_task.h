// Small task: whether what variants score on a small task ranks them as their laws do.
#pragma once
#include "search/answer/kendall.h"
#include "search/laws/answers/scale.h"
#include "search/study/study.h"

namespace cambium {
// What a compare study found of variants of the same names.
struct SmallTask {
  std::string folder, metric;
  bool maximize = true;
  std::vector<std::pair<std::string, double>> scores;  // variant -> mean outcome
};

// UserError at the folder's name: it holds no study, or fewer than three of these variants.
SmallTask read_small_task(const Study& ladder);

struct RankedVariant {
  std::string name;
  double score = 0;  // on the small task
  double loss = 0;   // that the variant's law foretells
};

struct TaskRanking {
  std::vector<RankedVariant> variants;  // that have both
  LawInput at;                          // where the laws are asked
  std::optional<KendallTau> tau;        // of being better in both; none where ranks say nothing
};

// Laws are asked at the largest size and the longest runs of the file, the same for all.
TaskRanking rank_by_task(const SmallTask& task, const ScaleAnswer& laws);
}  // namespace cambium
