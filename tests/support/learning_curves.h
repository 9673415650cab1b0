// Learning curves as a generator makes them: ends are standard normal, what is seen before the end
// is the end plus noise that has one correlation with it at each rung.
#pragma once
#include <cmath>
#include <vector>

#include "core/rng.h"

namespace cambium::test {
class LearningCurves {
 public:
  // `correlations`: of each rung's losses with the last one's, which is 1.
  LearningCurves(int64_t n, std::vector<double> correlations, uint64_t seed) {
    Random random(seed, stream_of("test.curves"));
    for (int64_t i = 0; i < n; ++i) {
      const double end = random.normal();
      std::vector<double> losses;
      for (const double r : correlations)
        losses.push_back(end + std::sqrt(1 / (r * r) - 1) * random.normal());
      losses_.push_back(std::move(losses));
    }
  }

  double loss(int64_t trial, int64_t rung) const { return losses_[size_t(trial)][size_t(rung)]; }

  int64_t best() const {
    size_t best = 0;
    for (size_t i = 1; i < losses_.size(); ++i)
      if (losses_[i].back() < losses_[best].back()) best = i;
    return int64_t(best);
  }

 private:
  std::vector<std::vector<double>> losses_;
};
}  // namespace cambium::test
