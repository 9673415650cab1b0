#include "search/mixtures/fit/draws.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/error.h"
#include "core/rng.h"

namespace cambium {
namespace {
constexpr int64_t kTriesEach = 200;

// The logarithm of a Gamma(a, 1) variable: Marsaglia and Tsang 2000 (ACM TOMS 26:363) for a >= 1;
// below, that of a + 1 times a uniform one to the power of 1 / a, which in itself may be below all
// numbers.
double log_gamma_draw(Random& random, double a) {
  if (a < 1) return log_gamma_draw(random, a + 1) + std::log(1 - random.uniform()) / a;
  const double d = a - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.normal(), v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v))
      return std::log(d * v);
  }
}

std::vector<double> draw(const MixtureDraws& d, const std::vector<double>& base, Random& random) {
  const double strength =
      d.least_strength * std::pow(d.most_strength / d.least_strength, random.uniform());
  std::vector<double> logs;
  for (const double b : base)
    logs.push_back(b > 0 ? log_gamma_draw(random, strength * b) : -HUGE_VAL);
  const double top = std::ranges::max(logs);
  double sum = 0;
  for (double& x : logs) sum += x = std::exp(x - top);
  for (double& x : logs) x /= sum;
  return rounded_shares(logs);
}
}  // namespace

std::vector<double> rounded_shares(const std::vector<double>& shares) {
  constexpr auto kUnits = int64_t(1 / kShareUnit + 0.5);
  std::vector<int64_t> units;
  for (const double s : shares) units.push_back(std::llround(s * double(kUnits)));
  const int64_t sum = std::accumulate(units.begin(), units.end(), int64_t(0));
  *std::ranges::max_element(units) += kUnits - sum;
  std::vector<double> out;
  for (const int64_t u : units) out.push_back(double(u) / double(kUnits));
  return out;
}

std::vector<std::vector<double>> draw_mixtures(const MixtureDraws& d, int64_t n, uint64_t seed) {
  std::vector<double> base;
  double sum = 0;
  for (const double share : d.around)
    sum += base.emplace_back(share > 0 ? std::pow(share, d.temperature) : 0);
  require(sum > 0, "no source has a share to draw mixtures around");
  for (double& b : base) b /= sum;
  std::vector<std::vector<double>> out;
  std::set<std::vector<double>> known;
  for (int64_t tried = 0; int64_t(out.size()) < n; ++tried) {
    if (tried >= kTriesEach * n)
      throw UserError(str("of ", tried, " mixtures drawn ", out.size(),
                          " keep to what may be read ", "of each source, and ", n, " are wanted"),
                      "raise most_epochs, shorten the runs, or draw nearer to the natural shares: "
                      "strength: [5, 50]");
    Random random(seed, stream_of("mixture"), uint64_t(tried) << 24);
    std::vector<double> shares = draw(d, base, random);
    bool within = true;
    for (size_t s = 0; s < d.most.size(); ++s) within = within && shares[s] <= d.most[s];
    if (within && (d.repeats || known.insert(shares).second)) out.push_back(std::move(shares));
  }
  return out;
}
}  // namespace cambium
