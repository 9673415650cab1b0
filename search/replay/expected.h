// Expected: what uniform draws would have found, by formula where there is one.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace cambium {
// The mean over all ways to draw n of the values without putting back of the least of them. NaN
// values (failed) are drawn and lose. 1 <= n <= values.size(); NaN when all values are.
double expected_least(std::span<const double> values, int64_t n);

// What a number of uniform draws find: the mean over all searches, and the middle 95 % of them.
struct DrawnBest {
  double mean = 0, low = 0, high = 0;
};

// The same for each of `counts`, with the middle 95 % of the ways.
std::vector<DrawnBest> drawn_least(std::span<const double> values, std::span<const int64_t> counts);

// The hypervolume of the first of `counts` (rising), the second ... of the results of one draw
// without putting back, over `draws` such searches; a function of the seed. Empty results are drawn
// and enclose nothing.
std::vector<DrawnBest> drawn_hypervolumes(std::span<const std::vector<double>> results,
                                          std::span<const int64_t> counts,
                                          std::span<const double> reference, int draws = 200,
                                          uint64_t seed = 0);

// The mean of the last of them, of n results.
double mean_random_hypervolume(std::span<const std::vector<double>> results, int64_t n,
                               std::span<const double> reference, int draws = 200,
                               uint64_t seed = 0);
}  // namespace cambium
