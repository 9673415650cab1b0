// Mix pairs: whether the best mixture depends on the architecture.
#pragma once
#include "search/mixtures/fit/best.h"
#include "search/mixtures/study/mix_record.h"

namespace cambium {
struct FittedVariant {
  std::string variant;
  const MixtureForm* form = nullptr;
  BestMixture best;
};

// The runs of a variant, in the order of the record.
MixturePoints points_of(const MixRecord& record, const std::string& variant);

// The deviation of a run about the mean of its mixture; unknown where no mixture has two seeds.
double noise_among_seeds(const MixturePoints& points);

MixturePair compare_variants(const MixRecord& record, const FittedVariant& a,
                             const FittedVariant& b,
                             const std::vector<std::vector<double>>& candidates, uint64_t seed,
                             int draws);
}  // namespace cambium
