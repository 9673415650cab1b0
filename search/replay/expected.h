// Expected: what uniform draws would have found, by formula where there is one.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace cambium {
// The mean over all ways to draw n of the values without putting back of the least of them. NaN
// values (failed) are drawn and lose. 1 <= n <= values.size(); NaN when all values are.
double expected_least(std::span<const double> values, int64_t n);

// The mean hypervolume of `draws` draws of n results without putting back; a function of the seed.
double mean_random_hypervolume(std::span<const std::vector<double>> results, int64_t n,
                               std::span<const double> reference, int draws = 200,
                               uint64_t seed = 0);
}  // namespace cambium
