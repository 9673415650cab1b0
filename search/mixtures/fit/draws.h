// Draws of mixtures: shares of sources from a Dirichlet distribution around given ones, as RegMix
// draws them (Liu et al. 2024, arXiv 2407.01492, section 3.1).
#pragma once
#include <cstdint>
#include <vector>

namespace cambium {
struct MixtureDraws {
  std::vector<double> around;  // shares, from 0 on; a source of share 0 is never drawn
  // The Dirichlet's parameters are the shares to this power, made to add up to a strength: below 1
  // small sources come more often.
  double temperature = 0.5;
  // Of each draw, evenly in the logarithm: below 1 nearly all comes from one source, far above 1
  // all draws are like `around`.
  double least_strength = 0.1, most_strength = 5;
  std::vector<double> most = {};  // of each share; empty: 1
  bool repeats = false;           // the same mixture may be drawn twice
};

inline constexpr double kShareUnit = 1e-4;  // shares are whole multiples of it

// `n` mixtures, different ones unless told. The first of more are the same. UserError when hardly
// any draw keeps to `most`, or there are not so many.
std::vector<std::vector<double>> draw_mixtures(const MixtureDraws& d, int64_t n, uint64_t seed);

// Shares as whole multiples of kShareUnit that add up to 1: what is left goes to the largest.
std::vector<double> rounded_shares(const std::vector<double>& shares);
}  // namespace cambium
