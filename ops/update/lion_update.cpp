// lion_update(lr [], scale [], p1..pn, g1..gn, m1..mn) -> p', m', all in place: steps of one size.
//   g = scale g;  p' = p (1 - lr decay) - lr sign(b1 m + (1 - b1) g);  m' = b2 m + (1 - b2) g
// where sign(0) = 0. Chen et al. 2023, arXiv 2302.06675, program 1.
#include "ops/support/nan.h"
#include "ops/update/support/update_rule.h"

namespace cambium::op_lion_update {
namespace {
struct Lion : PerTensor {
  static constexpr bool kStep = false;
  static constexpr int kScalars = 0;
  double beta1 = 0.9, beta2 = 0.99;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{field("beta1", &Lion::beta1, "share of the momentum in the direction").in(0, 1),
                 field("beta2", &Lion::beta2, "decay of the momentum").in(0, 1)},
      PerTensor::fields);
};

template <class T> struct Rule {
  T lr, scale, keep, beta1, beta2, new1, new2;

  Rule(const Lion& a, const TensorStep& s)
      : lr(T(s.lr)),
        scale(T(s.scale)),
        keep(T(1 - s.lr * s.decay)),
        beta1(T(a.beta1)),
        beta2(T(a.beta2)),
        new1(T(1 - a.beta1)),
        new2(T(1 - a.beta2)) {}

  [[gnu::always_inline]] T operator()(T p, T g, T* state) const {
    g *= scale;
    const T direction = beta1 * state[0] + new1 * g;
    state[0] = beta2 * state[0] + new2 * g;
    const T sign = direction > T(0) ? T(1) : direction < T(0) ? T(-1) : T(0);
    return keep * p - lr * unless_nan(direction, sign);
  }
};

using Rules = UpdateRule<Lion, Rule, 1>;
}  // namespace

extern const Op op_lion_update;
const Op op_lion_update =
    Rules::op<10>("lion_update", "Lion step of all parameters, in place", Rules::samples());
}  // namespace cambium::op_lion_update
