// loss = c + exp(sum_s t_s w_s) (Ye et al. 2024, data mixing laws, arXiv 2403.16952; the factor of
// the exponential is in t, since shares add up to 1).
#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "search/laws/fit/minimise.h"
#include "search/mixtures/support/form.h"

namespace cambium::form_exponential {
namespace {
double exponent(std::span<const double> t, std::span<const double> w) {
  double sum = 0;
  for (size_t s = 0; s < w.size(); ++s) sum += t[s] * w[s];
  return sum;
}

struct Fitted final : FittedMixture {
  std::vector<double> theta;  // c, then t

  double at(std::span<const double> w) const override {
    return theta[0] + std::exp(exponent(std::span(theta).subspan(1), w));
  }
};

LawModel model_of(const MixturePoints& points) {
  const size_t p = points.sources.size() + 1;
  return {points.size(), p,
          [&points, p](std::span<const double> theta, double* values, double* jacobian) {
            for (size_t i = 0; i < points.size(); ++i) {
              const std::vector<double>& w = points.shares[i];
              const double e = std::exp(exponent(theta.subspan(1), w));
              values[i] = theta[0] + e;
              if (!jacobian) continue;
              jacobian[i * p] = 1;
              for (size_t s = 0; s < w.size(); ++s) jacobian[i * p + 1 + s] = e * w[s];
            }
          }};
}

// From c given, by the logarithm of what is above it.
std::vector<double> start_from(const MixturePoints& points, double c, double least) {
  std::vector<double> logs;
  for (const double loss : points.losses) logs.push_back(std::log(std::max(loss - c, least)));
  std::vector<double> theta = {c};
  const std::vector<double> t = regress(points.shares, logs);
  theta.insert(theta.end(), t.begin(), t.end());
  return theta;
}
}  // namespace

extern const MixtureForm form_exponential = {
    .name = "exponential",
    .doc = "a constant and the exponential of a sum of shares times numbers (data mixing laws)",
    .fewest = [](size_t sources) { return sources + 3; },
    .fit = [](const MixturePoints& points) -> std::unique_ptr<FittedMixture> {
      require_points(form_exponential, points);
      const auto [low, high] = std::ranges::minmax(points.losses);
      const double spread = std::max(high - low, 1e-9);
      const LawModel model = model_of(points);
      Minimum best{.theta = {}, .objective = HUGE_VAL};
      for (const double below : {0.05, 0.5, 2.0, 10.0}) {
        Minimum m = least_squares(model, points.losses,
                                  start_from(points, low - below * spread, 1e-3 * spread));
        if (m.objective < best.objective) best = std::move(m);
      }
      if (!std::isfinite(best.objective))
        throw UserError("no exponential of the shares can be fitted to these losses",
                        "use more runs, or another form");
      auto fitted = std::make_unique<Fitted>();
      fitted->theta = std::move(best.theta);
      return fitted;
    }};
}  // namespace cambium::form_exponential
