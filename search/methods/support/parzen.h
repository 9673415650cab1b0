// Parzen: a density of points, fitted to some of them, that points can be drawn from. One kernel a
// fitted point and one uniform one; values that a point does not have enter no density.
#pragma once
#include "search/space/space.h"

namespace cambium {
// The density of one pattern dimension: its length, then each letter by its place and the letter
// before it, backed off to the letter before it alone, to all letters, and to equal chances.
class PatternDensity {
 public:
  PatternDensity() = default;
  PatternDensity(const Dimension& d, std::span<const std::string> patterns, double prior);

  double log_density(const std::string& pattern) const;
  std::string draw(Random& random) const;

 private:
  struct Counts {
    std::vector<double> of;  // one a letter
    double sum = 0;
  };

  std::string letters_;
  int64_t shortest_ = 1;
  double prior_ = 1;
  std::vector<double> lengths_;  // chances
  Counts all_;
  std::vector<Counts> after_;  // by the letter before; the last: none
  std::vector<Counts> place_;

  size_t index(char letter) const { return letters_.find(letter); }

  std::vector<double> chances(size_t place, size_t before) const;
};

class Parzen {
 public:
  // `prior`: the uniform kernel's weight, in points.
  Parzen(const Space& space, std::vector<const SpacePoint*> points, double prior);

  double log_density(const SpacePoint& p) const;
  // Not always valid: `where:` may refuse it.
  SpacePoint draw(Random& random) const;

 private:
  const Space& space_;
  std::vector<const SpacePoint*> points_;
  double prior_, width_;
  std::vector<std::vector<double>> heights_;  // of the kernels at their centers: cut at 0 and 1
  std::vector<PatternDensity> patterns_;      // one a dimension; of patterns alone
  std::vector<std::vector<double>> centers_;  // of ordered dimensions: one a point

  double gene_density(size_t dimension, const Gene& gene, size_t kernel) const;
  Gene draw_near(size_t dimension, size_t kernel, Random& random) const;
};
}  // namespace cambium
