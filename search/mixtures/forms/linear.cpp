// loss = sum_s t_s w_s, without an intercept: shares add up to 1 (Liu et al. 2024, RegMix, arXiv
// 2407.01492).
#include <numeric>

#include "search/mixtures/support/form.h"

namespace cambium::form_linear {
namespace {
struct Fitted final : FittedMixture {
  std::vector<double> t;

  double at(std::span<const double> w) const override {
    return std::inner_product(w.begin(), w.end(), t.begin(), 0.0);
  }
};
}  // namespace

extern const MixtureForm form_linear = {
    .name = "linear",
    .doc =
        "a sum over the sources of share times a number: each source is worth the same however "
        "much there is of it, so that its best mixture is one source",
    .fewest = [](size_t sources) { return sources + 1; },
    .fit = [](const MixturePoints& points) -> std::unique_ptr<FittedMixture> {
      require_points(form_linear, points);
      auto fitted = std::make_unique<Fitted>();
      fitted->t = regress(points.shares, points.losses);
      return fitted;
    }};
}  // namespace cambium::form_linear
