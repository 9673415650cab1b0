// Markov chains of any order: random ones, their exact entropy rate, and samples.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/rng.h"

namespace cambium {
// p(next symbol | the last `order` symbols). A state is those symbols as digits, the oldest first.
class MarkovChain {
 public:
  // Rows drawn from a symmetric Dirichlet distribution: small concentrations make text that is
  // nearly determined, large ones nearly uniform. With `zipf` above 0 the rows lie about a common
  // row in which the symbol of rank r has a share ~ r^-zipf (Zipf 1949), at the same mean
  // concentration, so that states are as unevenly frequent. Needs symbols^order <= 2^20.
  MarkovChain(int64_t symbols, int64_t order, double concentration, uint64_t seed, double zipf = 0);

  int64_t symbols() const { return symbols_; }

  int64_t order() const { return order_; }

  int64_t states() const { return int64_t(stationary_.size()); }

  std::span<const double> row(int64_t state) const;  // [symbols], sums to 1

  std::span<const double> stationary() const { return stationary_; }  // [states]

  // The mean of -ln p(next | state) over the stationary distribution: no predictor does better.
  double entropy_rate() const;
  double entropy_deviation() const;  // of -ln p(next | state) from its mean

  // The sum of -ln p over text[order ..], each given the symbols before it.
  double log_loss(std::span<const int32_t> text) const;

  // A stationary stretch of the chain: the first `order` symbols come from the stationary
  // distribution, which is why they carry no exact floor.
  void sample(Random& random, std::span<int32_t> to) const;

 private:
  int64_t successor(int64_t state, int64_t symbol) const {
    return (state * symbols_ + symbol) % states();
  }

  void find_stationary();

  int64_t symbols_, order_;
  std::vector<double> rows_, cumulative_;                   // [states, symbols]
  std::vector<double> stationary_, cumulative_stationary_;  // [states]
};
}  // namespace cambium
