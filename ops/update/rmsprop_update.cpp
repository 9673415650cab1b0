// rmsprop_update(lr [], scale [], p1..pn, g1..gn, v1..vn, (a1..an when centered), (m1..mn when
// momentum > 0)) -> p', v', (a'), (m'), all in place.
//   g = scale g + decay p;  v' = alpha v + (1 - alpha) g^2;  a' = alpha a + (1 - alpha) g;
//   d = g / (sqrt(v' - a'^2 if centered) + eps);  m' = momentum m + d;  p' = p - lr m', or lr d.
// Tieleman and Hinton 2012; centered: Graves 2013, arXiv 1308.0850.
#include "ops/support/reach.h"
#include "ops/update/support/update_rule.h"

namespace cambium::op_rmsprop_update {
namespace {
struct RmsProp : PerTensor {
  static constexpr bool kStep = false;
  static constexpr int kScalars = 0;
  double alpha = 0.99, eps = 1e-8, momentum = 0;
  bool centered = false;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{field("alpha", &RmsProp::alpha, "decay of the mean squared gradient").in(0, 1),
                 field("eps", &RmsProp::eps, "added to the root").in(0),
                 field("momentum", &RmsProp::momentum, "share of the last direction that is kept")
                     .in(0, 1),
                 field("centered", &RmsProp::centered, "divide by the deviation of the gradient")},
      PerTensor::fields);
};

template <class T, bool kCentered, bool kMomentum> struct Rule {
  T lr, scale, decay, alpha, fresh, momentum, eps;

  Rule(const RmsProp& a, const TensorStep& s)
      : lr(T(s.lr)),
        scale(T(s.scale)),
        decay(T(s.decay)),
        alpha(T(a.alpha)),
        fresh(T(1 - a.alpha)),
        momentum(T(a.momentum)),
        eps(T(a.eps)) {}

  [[gnu::always_inline]] T operator()(T p, T g, T* state) const {
    g = scale * g + decay * p;
    T variance = state[0] = alpha * state[0] + fresh * g * g;
    if constexpr (kCentered) {
      const T mean = state[1] = alpha * state[1] + fresh * g;
      variance -= mean * mean;
      variance = variance > T(0) ? variance : T(0);  // rounding may leave it below 0
    }
    const T d = g / (std::sqrt(variance) + eps);
    if constexpr (!kMomentum) return p - lr * d;
    T& m = state[1 + int(kCentered)];
    m = momentum * m + d;
    return p - lr * m;
  }
};

template <class T> using Plain = Rule<T, false, false>;
template <class T> using Centered = Rule<T, true, false>;
template <class T> using Heavy = Rule<T, false, true>;
template <class T> using CenteredHeavy = Rule<T, true, true>;

// Calls f with the update that the attributes ask for.
template <class F> auto chosen(const Call& c, const F& f) {
  const auto& a = c.as<RmsProp>();
  if (a.momentum > 0)
    return a.centered ? f(UpdateRule<RmsProp, CenteredHeavy, 3>())
                      : f(UpdateRule<RmsProp, Heavy, 2>());
  return a.centered ? f(UpdateRule<RmsProp, Centered, 2>()) : f(UpdateRule<RmsProp, Plain, 1>());
}

std::vector<ValueType> shape(const Call& c) {
  return chosen(c, [&](auto update) { return update.shape(c); });
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  chosen(c, [&](auto update) { update.reference(c, in, out); });
}

Kernel kernel(const Call& c, Engine& engine) {
  return chosen(c, [&](auto update) { return update.kernel(c, engine); });
}

Cost cost(const Call& c) {
  return chosen(c, [&](auto update) { return update.template cost<14>(c); });
}

std::vector<InPlace> in_place(const Call& c) {
  return chosen(c, [&](auto update) { return update.in_place(c); });
}

// v stays well above a^2: cancellation is not what is tested.
Sample tame(Sample s) {
  s.inputs[4] = SampleInput(s.inputs[4].type.shape, 3, 4);
  s.inputs[5] = SampleInput(s.inputs[5].type.shape, 0.1, 1);
  return s;
}

std::vector<Sample> samples() {
  std::vector<Sample> all = UpdateRule<RmsProp, Plain, 1>::samples();
  for (const Sample& s : UpdateRule<RmsProp, Heavy, 2>::samples({{"momentum", 0.9}}))
    all.push_back(s);
  all.push_back(tame(UpdateRule<RmsProp, Centered, 2>::sample({{3, 5}}, {{"centered", true}})));
  all.push_back(tame(UpdateRule<RmsProp, CenteredHeavy, 3>::sample(
      {{130, 257}}, {{"centered", true}, {"momentum", 0.5}, {"alpha", 0.9}})));
  return all;
}
}  // namespace

extern const Op op_rmsprop_update;
const Op op_rmsprop_update = {.name = "rmsprop_update",
                              .doc = "RMSprop step of all parameters, in place",
                              .min_inputs = 5,
                              .max_inputs = -1,
                              .attrs = fields_of<RmsProp>,
                              .shape = shape,
                              .reference = reference,
                              .kernel = kernel,
                              .cost = cost,
                              .reach = reach_all,
                              .in_place = in_place,
                              .narrowed = UpdateRule<RmsProp, Plain, 1>::narrowed,
                              .not_onnx = kOnnxUpdate,
                              .smooth = false,
                              .samples = samples()};
}  // namespace cambium::op_rmsprop_update
