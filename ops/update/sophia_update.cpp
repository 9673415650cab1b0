// sophia_update(lr [], scale [], p1..pn, g1..gn, m1..mn, h1..hn) -> p', m', h, all in place: steps
// along a momentum divided by an estimate of the curvature, none larger than lr.
//   g = scale g;  m' = b1 m + (1 - b1) g
//   p' = p (1 - lr decay) - lr clip(m' / max(rho h, eps), 1)
// where clip(x, 1) cuts x to [-1, 1]. h passes through: another plan estimates it (sophia.cpp).
// Liu et al. 2023, arXiv 2305.14342, algorithm 3 (rho is its gamma).
#include "ops/update/support/update_rule.h"

namespace cambium::op_sophia_update {
namespace {
struct Sophia : PerTensor {
  static constexpr bool kStep = false;
  static constexpr int kScalars = 0;
  double beta1 = 0.96, rho = 0.05, eps = 1e-12;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("beta1", &Sophia::beta1, "decay of the mean gradient").in(0, 1),
          field("rho", &Sophia::rho, "factor of the curvature that a step is divided by").in(0),
          field("eps", &Sophia::eps, "least number that a step is divided by").in(1e-30)},
      PerTensor::fields);
};

template <class T> struct Rule {
  T lr, scale, keep, beta1, rest, rho, eps;

  Rule(const Sophia& a, const TensorStep& s)
      : lr(T(s.lr)),
        scale(T(s.scale)),
        keep(T(1 - s.lr * s.decay)),
        beta1(T(a.beta1)),
        rest(T(1 - a.beta1)),
        rho(T(a.rho)),
        eps(T(a.eps)) {}

  [[gnu::always_inline]] T operator()(T p, T g, T* state) const {
    state[0] = beta1 * state[0] + rest * (scale * g);
    const T curvature = rho * state[1];
    const T step = state[0] / (curvature < eps ? eps : curvature);
    const T clipped = step > T(1) ? T(1) : step < T(-1) ? T(-1) : step;
    return keep * p - lr * clipped;
  }
};

using Rules = UpdateRule<Sophia, Rule, 2>;

// Also with so much curvature that no step is cut.
std::vector<Sample> samples() {
  std::vector<Sample> all = Rules::samples();
  all.push_back(Rules::sample({{3, 5}, {2}}, {{"rho", 40.0}, {"beta1", 0.5}}));
  return all;
}
}  // namespace

extern const Op op_sophia_update;
const Op op_sophia_update =
    Rules::op<10>("sophia_update", "Sophia step of all parameters, in place", samples());
}  // namespace cambium::op_sophia_update
