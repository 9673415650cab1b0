// The only header that sees Boost.Random: Sobol's sequence in base 2 (Joe and Kuo 2008).
#pragma once
#include <vector>

#include <boost/random/sobol.hpp>

#include "core/rng.h"

namespace cambium {
inline constexpr int64_t kMostSobolDimensions = 3667;

// Points of the unit cube, shifted digit by digit by the seed: each is uniform over seeds, and
// together they fill the cube as the unshifted ones do.
class SobolNumbers {
 public:
  SobolNumbers(int64_t dimensions, uint64_t seed)
      : engine_(size_t(dimensions)), shift_(size_t(dimensions)) {
    Random random(seed, stream_of("search.sobol"));
    for (uint64_t& s : shift_) s = (uint64_t(random.bits()) << 32) | random.bits();
  }

  // Point `index` of the sequence, each number in [0, 1).
  std::vector<double> at(int64_t index) {
    engine_.seed(uint64_t(index));
    std::vector<double> out;
    for (const uint64_t s : shift_) out.push_back(double((engine_() ^ s) >> 11) * 0x1p-53);
    return out;
  }

 private:
  boost::random::sobol_engine<uint64_t, 64> engine_;
  std::vector<uint64_t> shift_;
};
}  // namespace cambium
