// loss = sum_s t_s w_s + u_s log(w_s + 0.01): the first percent of a source is worth more than a
// later one, by about the power law of data.
#include <cmath>

#include "search/mixtures/support/form.h"

namespace cambium::form_log_shares {
namespace {
// Below a percent a share counts as about none: log 0 has no value, and a smaller number would make
// the sources that are left out outweigh all others.
constexpr double kAbout = 0.01;

std::vector<double> features(std::span<const double> w) {
  std::vector<double> out(w.begin(), w.end());
  for (const double share : w) out.push_back(std::log(share + kAbout));
  return out;
}

struct Fitted final : FittedMixture {
  std::vector<double> t;

  double at(std::span<const double> w) const override {
    double sum = 0;
    for (size_t s = 0; s < w.size(); ++s)
      sum += t[s] * w[s] + t[w.size() + s] * std::log(w[s] + kAbout);
    return sum;
  }
};
}  // namespace

extern const MixtureForm form_log_shares = {
    .name = "log_shares",
    .doc = "linear, and the logarithm of each share (+ 1 %): the first of a source is worth most",
    .fewest = [](size_t sources) { return 2 * sources + 2; },
    .fit = [](const MixturePoints& points) -> std::unique_ptr<FittedMixture> {
      require_points(form_log_shares, points);
      std::vector<std::vector<double>> rows;
      for (const std::vector<double>& w : points.shares) rows.push_back(features(w));
      auto fitted = std::make_unique<Fitted>();
      fitted->t = regress(rows, points.losses);
      return fitted;
    }};
}  // namespace cambium::form_log_shares
