#include "data/generated/markov.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace cambium {
namespace {
// log of a Gamma(shape, 1) variate (Marsaglia and Tsang 2000; for shape < 1 with their boost
// G(a) = G(a + 1) U^(1/a)). The logarithm keeps tiny shapes from underflowing to 0.
double log_gamma_variate(double shape, Random& random) {
  if (shape < 1)
    return log_gamma_variate(shape + 1, random) + std::log(1 - random.uniform()) / shape;
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.normal(), v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v))
      return std::log(d * v);
  }
}

// Of each symbol, with `concentration` as their mean.
std::vector<double> concentrations(int64_t symbols, double concentration, double zipf) {
  std::vector<double> out(size_t(symbols), concentration);
  if (zipf == 0) return out;
  double sum = 0;
  for (size_t r = 0; r < out.size(); ++r) sum += out[r] = std::pow(double(r + 1), -zipf);
  for (double& c : out) c *= concentration * double(symbols) / sum;
  return out;
}

void draw_dirichlet(std::span<const double> concentration, Random& random, std::span<double> row) {
  for (size_t i = 0; i < row.size(); ++i) row[i] = log_gamma_variate(concentration[i], random);
  const double top = *std::ranges::max_element(row);
  double sum = 0;
  for (double& p : row) sum += p = std::exp(p - top);
  for (double& p : row) p /= sum;
}

int64_t draw(std::span<const double> cumulative, Random& random) {
  const auto it = std::ranges::upper_bound(cumulative, random.uniform() * cumulative.back());
  return std::min<int64_t>(it - cumulative.begin(), int64_t(cumulative.size()) - 1);
}
}  // namespace

MarkovChain::MarkovChain(int64_t symbols, int64_t order, double concentration, uint64_t seed,
                         double zipf)
    : symbols_(symbols), order_(order) {
  constexpr int64_t kMostProbabilities = 1 << 22;
  int64_t states = 1;
  for (int64_t k = 0; k < order; ++k) {
    states *= symbols;
    require(states * symbols <= kMostProbabilities, symbols, " symbols of order ", order,
            " make a table of more than ", kMostProbabilities, " probabilities");
  }
  Random random(seed, stream_of("markov.chain"));
  rows_.resize(size_t(states * symbols));
  cumulative_.resize(rows_.size());
  stationary_.assign(size_t(states), 1.0 / double(states));
  const std::vector<double> about = concentrations(symbols, concentration, zipf);
  for (int64_t s = 0; s < states; ++s) {
    const std::span<double> row = std::span(rows_).subspan(size_t(s * symbols), size_t(symbols));
    draw_dirichlet(about, random, row);
    std::partial_sum(row.begin(), row.end(), cumulative_.begin() + s * symbols);
  }
  find_stationary();
}

std::span<const double> MarkovChain::row(int64_t state) const {
  return std::span(rows_).subspan(size_t(state * symbols_), size_t(symbols_));
}

// Power iteration of the lazy chain (1 + P) / 2, which has the same stationary distribution and
// converges even when the chain is periodic.
void MarkovChain::find_stationary() {
  std::vector<double> next(stationary_.size());
  double change = 1;
  for (int step = 0; step < 20000 && change > 1e-14; ++step) {
    std::ranges::fill(next, 0.0);
    for (int64_t s = 0; s < states(); ++s)
      for (int64_t w = 0; w < symbols_; ++w)
        next[size_t(successor(s, w))] += stationary_[size_t(s)] * row(s)[size_t(w)];
    change = 0;
    for (size_t s = 0; s < next.size(); ++s) {
      next[s] = 0.5 * (next[s] + stationary_[s]);
      change += std::abs(next[s] - stationary_[s]);
    }
    std::swap(stationary_, next);
  }
  cumulative_stationary_.resize(stationary_.size());
  std::partial_sum(stationary_.begin(), stationary_.end(), cumulative_stationary_.begin());
}

double MarkovChain::entropy_rate() const {
  double rate = 0;
  for (int64_t s = 0; s < states(); ++s) {
    double entropy = 0;
    for (const double p : row(s)) entropy -= p > 0 ? p * std::log(p) : 0;
    rate += stationary_[size_t(s)] * entropy;
  }
  return rate;
}

double MarkovChain::entropy_deviation() const {
  const double rate = entropy_rate();
  double variance = 0;
  for (int64_t s = 0; s < states(); ++s)
    for (const double p : row(s))
      variance += p > 0 ? stationary_[size_t(s)] * p * std::pow(-std::log(p) - rate, 2) : 0;
  return std::sqrt(variance);
}

double MarkovChain::log_loss(std::span<const int32_t> text) const {
  double sum = 0;
  int64_t state = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (int64_t(i) >= order_) sum -= std::log(row(state)[size_t(text[i])]);
    state = successor(state, text[i]);
  }
  return sum;
}

void MarkovChain::sample(Random& random, std::span<int32_t> to) const {
  int64_t state = draw(cumulative_stationary_, random);
  int64_t place = states();
  for (size_t i = 0; i < to.size(); ++i) {
    if (int64_t(i) < order_) {
      place /= symbols_;
      to[i] = int32_t(state / place % symbols_);
      continue;
    }
    const std::span<const double> row =
        std::span(cumulative_).subspan(size_t(state * symbols_), size_t(symbols_));
    to[i] = int32_t(draw(row, random));
    state = successor(state, to[i]);
  }
}
}  // namespace cambium
