// schedule_free_update(lr [], scale [], step i64 [], weight [], p1..pn, g1..gn, z1..zn, x1..xn,
// v1..vn) -> p', z', x', v', all in place: AdamW that needs no falling rate. p = y is where
// gradients are taken, x the average that is evaluated, z the sequence that is averaged.
//   g = scale g;  v' = b2 v + (1 - b2) g^2;  d = g / (sqrt(v') + eps) + decay y;
//   z' = z - lr sqrt(1 - b2^step) d;  x' = (1 - weight) x + weight z';  y' = (1 - b1) z' + b1 x'
// with lr times the tensor's lr_scale; at step 1, z and x start as p. The weight comes from
// schedule_free_weight. Defazio et al. 2024, arXiv 2405.15682, algorithm 1.
#include "ops/update/support/update_rule.h"

namespace cambium::op_schedule_free_update {
namespace {
struct ScheduleFree : PerTensor {
  static constexpr bool kStep = true;
  static constexpr int kScalars = 1;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("beta1", &ScheduleFree::beta1,
                "where gradients are taken: 0 at z, 1 at the average")
              .in(0, 1),
          field("beta2", &ScheduleFree::beta2, "decay of the mean squared gradient").in(0, 1),
          field("eps", &ScheduleFree::eps, "added to the root").in(0)},
      PerTensor::fields);
};

template <class T> struct Rule {
  T scale, decay, size, weight, beta1, rest1, beta2, new2, eps;
  bool first;

  Rule(const ScheduleFree& a, const TensorStep& s)
      : scale(T(s.scale)),
        decay(T(s.decay)),
        size(T(s.lr * std::sqrt(1 - std::pow(a.beta2, s.step)))),
        weight(T(s.scalars[0])),
        beta1(T(a.beta1)),
        rest1(T(1 - a.beta1)),
        beta2(T(a.beta2)),
        new2(T(1 - a.beta2)),
        eps(T(a.eps)),
        first(s.step == 1) {}

  [[gnu::always_inline]] T operator()(T p, T g, T* state) const {
    g *= scale;
    T z = first ? p : state[0], x = first ? p : state[1];
    const T v = state[2] = beta2 * state[2] + new2 * g * g;
    const T down = size * (g / (std::sqrt(v) + eps) + decay * p);
    x += weight * ((z - x) - down);  // a small step would round away in z
    z -= down;
    state[0] = z;
    state[1] = x;
    return rest1 * z + beta1 * x;
  }
};

using Rules = UpdateRule<ScheduleFree, Rule, 3>;

std::vector<Sample> samples() {
  std::vector<Sample> all = Rules::samples({{"beta2", 0.95}});
  all.push_back(Rules::sample({{3, 5}}));
  all.back().inputs[2] = SampleInput(DType::kI64, Shape{}, 1, 2);  // the first step
  return all;
}
}  // namespace

extern const Op op_schedule_free_update;
const Op op_schedule_free_update = Rules::op<18>(
    "schedule_free_update", "schedule-free AdamW step of all parameters, in place", samples());
}  // namespace cambium::op_schedule_free_update
