// adagrad_update(lr [], scale [], step i64 [], p1..pn, g1..gn, s1..sn) -> p', s', all in place.
//   g = scale g + decay p;  s' = s + g^2;  p' = p - lr / (1 + (step - 1) lr_decay) g / (sqrt(s') +
//   eps)
// Duchi et al. 2011, JMLR 12.
#include "ops/update/support/update_rule.h"

namespace cambium::op_adagrad_update {
namespace {
struct Adagrad : PerTensor {
  static constexpr bool kStep = true;
  static constexpr int kScalars = 0;
  double lr_decay = 0, eps = 1e-10;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("lr_decay", &Adagrad::lr_decay, "lr is divided by 1 + (step - 1) of this").in(0),
          field("eps", &Adagrad::eps, "added to the root").in(0)},
      PerTensor::fields);
};

template <class T> struct Rule {
  T lr, scale, decay, eps;

  Rule(const Adagrad& a, const TensorStep& s)
      : lr(T(s.lr / (1 + (s.step - 1) * a.lr_decay))),
        scale(T(s.scale)),
        decay(T(s.decay)),
        eps(T(a.eps)) {}

  [[gnu::always_inline]] T operator()(T p, T g, T* state) const {
    g = scale * g + decay * p;
    const T sum = state[0] = state[0] + g * g;
    return p - lr * g / (std::sqrt(sum) + eps);
  }
};

using Rules = UpdateRule<Adagrad, Rule, 1>;
}  // namespace

extern const Op op_adagrad_update;
const Op op_adagrad_update =
    Rules::op<9>("adagrad_update", "Adagrad step of all parameters, in place",
                 Rules::samples({{"lr_decay", 0.1}}));
}  // namespace cambium::op_adagrad_update
