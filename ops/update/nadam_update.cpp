// nadam_update(lr [], scale [], step i64 [], p1..pn, g1..gn, m1..mn, v1..vn) -> p', m', v', all in
// place: Adam with Nesterov's look-ahead.
//   g = scale g (+ decay p unless decoupled);  m' = b1 m + (1 - b1) g;  v' = b2 v + (1 - b2) g^2;
//   mu_t = b1 (1 - 0.96^(t psi) / 2),  M_t = mu_1 ... mu_t;
//   p' = p (1 - lr decay if decoupled)
//        - lr ((1 - mu_t) / (1 - M_t) g + mu_t+1 / (1 - M_t+1) m') / (sqrt(v' / (1 - b2^t)) + eps)
// Dozat 2016, "Incorporating Nesterov momentum into Adam".
#include "ops/update/support/update_rule.h"

namespace cambium::op_nadam_update {
namespace {
struct Nadam : PerTensor {
  static constexpr bool kStep = true;
  static constexpr int kScalars = 0;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, momentum_decay = 4e-3;
  bool decoupled = false;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("beta1", &Nadam::beta1, "decay of the mean gradient").in(0, 1),
          field("beta2", &Nadam::beta2, "decay of the mean squared gradient").in(0, 1),
          field("eps", &Nadam::eps, "added to the root").in(0),
          field("momentum_decay", &Nadam::momentum_decay, "psi: how fast the momentum grows").in(0),
          field("decoupled", &Nadam::decoupled, "decay apart from the gradient")},
      PerTensor::fields);

  // mu_t, mu_t+1 and M_t. The product has no closed form; below 1e-18 it does not count.
  std::array<double, 3> once(double step) const {
    const double shrink = std::pow(0.96, momentum_decay);
    double product = 1, power = 1;
    for (double t = 1; t <= step && product > 1e-18; ++t) {
      power *= shrink;
      product *= beta1 * (1 - 0.5 * power);
    }
    const auto mu = [&](double t) {
      return beta1 * (1 - 0.5 * std::pow(0.96, t * momentum_decay));
    };
    return {mu(step), mu(step + 1), product};
  }
};

template <class T> struct Rule {
  T scale, decay, keep, beta1, beta2, new1, new2, fresh, held, correction, eps;

  Rule(const Nadam& a, const TensorStep& s)
      : scale(T(s.scale)),
        decay(T(a.decoupled ? 0 : s.decay)),
        keep(T(a.decoupled ? 1 - s.lr * s.decay : 1)),
        beta1(T(a.beta1)),
        beta2(T(a.beta2)),
        new1(T(1 - a.beta1)),
        new2(T(1 - a.beta2)),
        fresh(T(s.lr * (1 - s.once[0]) / (1 - s.once[2]))),
        held(T(s.lr * s.once[1] / (1 - s.once[2] * s.once[1]))),
        correction(T(1 / (1 - std::pow(a.beta2, s.step)))),
        eps(T(a.eps)) {}

  [[gnu::always_inline]] T operator()(T p, T g, T* state) const {
    g = scale * g + decay * p;
    const T m = state[0] = beta1 * state[0] + new1 * g;
    const T v = state[1] = beta2 * state[1] + new2 * g * g;
    return keep * p - (fresh * g + held * m) / (std::sqrt(correction * v) + eps);
  }
};

using Rules = UpdateRule<Nadam, Rule, 2>;
}  // namespace

extern const Op op_nadam_update;
const Op op_nadam_update = Rules::op<18>("nadam_update", "NAdam step of all parameters, in place",
                                         Rules::samples({{"decoupled", true}, {"beta2", 0.95}}));
}  // namespace cambium::op_nadam_update
