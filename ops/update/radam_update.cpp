// radam_update(lr [], scale [], step i64 [], p1..pn, g1..gn, m1..mn, v1..vn) -> p', m', v', all in
// place: Adam that trusts its squares only when enough of them were seen.
//   g = scale g (+ decay p unless decoupled);  m' = b1 m + (1 - b1) g;  v' = b2 v + (1 - b2) g^2;
//   rho = R - 2 t b2^t / (1 - b2^t),  R = 2 / (1 - b2) - 1;  mean = m' / (1 - b1^t);
//   rho > 5:  p' = p - lr mean r sqrt(1 - b2^t) / (sqrt(v') + eps),
//             r = sqrt((rho - 4) (rho - 2) R / ((R - 4) (R - 2) rho));
//   else:     p' = p - lr mean
// where decoupled decay makes p into p (1 - lr decay). Liu et al. 2020, arXiv 1908.03265.
#include "ops/update/support/update_rule.h"

namespace cambium::op_radam_update {
namespace {
struct Radam : PerTensor {
  static constexpr bool kStep = true;
  static constexpr int kScalars = 0;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  bool decoupled = false;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{field("beta1", &Radam::beta1, "decay of the mean gradient").in(0, 1),
                 field("beta2", &Radam::beta2, "decay of the mean squared gradient").in(0, 1),
                 field("eps", &Radam::eps, "added to the root").in(0),
                 field("decoupled", &Radam::decoupled, "decay apart from the gradient")},
      PerTensor::fields);
};

template <class T> struct Rule {
  T scale, decay, keep, beta1, beta2, new1, new2, eps;
  T plain = 0, adapted = 0;  // factors of m' and of m' / (sqrt(v') + eps); one of them is 0

  Rule(const Radam& a, const TensorStep& s)
      : scale(T(s.scale)),
        decay(T(a.decoupled ? 0 : s.decay)),
        keep(T(a.decoupled ? 1 - s.lr * s.decay : 1)),
        beta1(T(a.beta1)),
        beta2(T(a.beta2)),
        new1(T(1 - a.beta1)),
        new2(T(1 - a.beta2)),
        eps(T(a.eps)) {
    const double rest = 1 - std::pow(a.beta2, s.step),
                 size = s.lr / (1 - std::pow(a.beta1, s.step));
    const double most = 2 / (1 - a.beta2) - 1, rho = most - 2 * s.step * (1 - rest) / rest;
    if (!(rho > 5)) {
      plain = T(size);
      return;
    }
    const double r = std::sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho));
    adapted = T(size * r * std::sqrt(rest));
  }

  [[gnu::always_inline]] T operator()(T p, T g, T* state) const {
    g = scale * g + decay * p;
    const T m = state[0] = beta1 * state[0] + new1 * g;
    const T v = state[1] = beta2 * state[1] + new2 * g * g;
    // With few squares seen, v may be 0, and 0 / 0 must not enter.
    return keep * p - plain * m - adapted * (m / (std::sqrt(v) + (adapted > 0 ? eps : T(1))));
  }
};

using Rules = UpdateRule<Radam, Rule, 2>;

std::vector<Sample> samples() {
  std::vector<Sample> all = Rules::samples({{"beta2", 0.95}, {"decoupled", true}});
  all.push_back(Rules::sample({{3, 5}}, {{"beta2", 0.5}}));  // never enough squares
  return all;
}
}  // namespace

extern const Op op_radam_update;
const Op op_radam_update =
    Rules::op<18>("radam_update", "RAdam step of all parameters, in place", samples());
}  // namespace cambium::op_radam_update
