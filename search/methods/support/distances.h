// Distances: how far two points of a space lie apart, in groups that a kernel weighs one by one.
// All are Euclidean in some embedding, so that every kernel of Euclidean distances may be used.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "search/space/space.h"

namespace cambium {
class Distances {
 public:
  explicit Distances(const Space& space);

  // A point as distances need it.
  struct Place {
    struct Pattern {
      bool active = false;
      std::string letters;
      std::vector<int> counts;      // of each letter
      std::vector<int> neighbours;  // two letters as one number, sorted, as often as they come
    };

    std::vector<double> units;     // of ordered dimensions; NaN: no value
    std::vector<int64_t> choices;  // -1: no value
    std::vector<Pattern> patterns;
  };

  Place place_of(const SpacePoint& p) const;

  // "heads" of a number, on the unit interval or its logarithm, or of a choice (1 where it
  // differs); of a pattern its letters and pairs of neighbours, (sum over them of the squared
  // difference in how often each comes) / (2 longest), and its places, the share of them that
  // differ. A missing value is a choice of its own.
  const std::vector<std::string>& groups() const { return groups_; }

  // Squared, one a group.
  void squared(const Place& a, const Place& b, std::span<double> out) const;

 private:
  const Space& space_;
  std::vector<size_t> ordered_, choices_, patterns_;  // dimensions
  std::vector<std::string> groups_;
};
}  // namespace cambium
