// adam_update(lr [], scale [], step i64 [], p1..pn, g1..gn, m1..mn, v1..vn) -> p', m', v', all in
// place. step counts from 1.
//   g = scale g (+ decay p unless decoupled);  m' = b1 m + (1 - b1) g;  v' = b2 v + (1 - b2) g^2;
//   p' = p (1 - lr decay if decoupled) - lr (m' / (1 - b1^step)) / (sqrt(v' / (1 - b2^step)) + eps)
// with lr times the tensor's lr_scale. Kingma and Ba 2015, arXiv 1412.6980; decoupled decay:
// Loshchilov and Hutter 2019, arXiv 1711.05101. The corrections are computed in double per step.
#include "ops/update/support/update_rule.h"

namespace cambium::op_adam_update {
namespace {
struct Adam : PerTensor {
  static constexpr bool kStep = true;
  static constexpr int kScalars = 0;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  bool decoupled = true;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{field("beta1", &Adam::beta1, "decay of the mean gradient").in(0, 1),
                 field("beta2", &Adam::beta2, "decay of the mean squared gradient").in(0, 1),
                 field("eps", &Adam::eps, "added to the root").in(0),
                 field("decoupled", &Adam::decoupled, "decay apart from the gradient (AdamW)")},
      PerTensor::fields);
};

template <class T> struct Rule {
  T scale, decay, keep;        // decay: into the gradient; keep: 1 - lr decay when decoupled
  T beta1, beta2, new1, new2;  // new = 1 - beta
  T size, correction, eps;     // lr / (1 - b1^step), 1 / (1 - b2^step)

  Rule(const Adam& a, const TensorStep& s)
      : scale(T(s.scale)),
        decay(a.decoupled ? T(0) : T(s.decay)),
        keep(a.decoupled ? T(1 - s.lr * s.decay) : T(1)),
        beta1(T(a.beta1)),
        beta2(T(a.beta2)),
        new1(T(1 - a.beta1)),
        new2(T(1 - a.beta2)),
        size(T(s.lr / (1 - std::pow(a.beta1, s.step)))),
        correction(T(1 / (1 - std::pow(a.beta2, s.step)))),
        eps(T(a.eps)) {}

  [[gnu::always_inline]] T operator()(T p, T g, T* state) const {
    g = scale * g + decay * p;
    const T m = state[0] = beta1 * state[0] + new1 * g;
    const T v = state[1] = beta2 * state[1] + new2 * g * g;
    return keep * p - size * m / (std::sqrt(correction * v) + eps);
  }
};

using Rules = UpdateRule<Adam, Rule, 2>;

std::vector<Sample> samples() {
  std::vector<Sample> all = Rules::samples({{"beta1", 0.8}, {"beta2", 0.95}, {"eps", 1e-6}});
  for (const Sample& s : Rules::samples({{"decoupled", false}})) all.push_back(s);
  return all;
}
}  // namespace

extern const Op op_adam_update;
const Op op_adam_update =
    Rules::op<15>("adam_update", "Adam or AdamW step of all parameters, in place", samples());
}  // namespace cambium::op_adam_update
