#include "ops/sequence/support/s4d_kernel.h"

#include <cmath>

namespace cambium {
S4dSizes s4d_sizes(const Call& c) {
  const Shape& a = c.shape(1);
  // The gradient has no length of its own: its last input is dK.
  return {.L = c.inputs() > 5 ? c.shape(5)[0] : c.as<S4dKernel>().length, .C = a[0], .N = a[1]};
}

void check_s4d(const Call& c) {
  const Shape& a = c.shape(1);
  for (int i = 0; i < 5; ++i)
    require(c.has(i) && c.dtype(i) == DType::kF32, "input ", i, " must be f32");
  require(a.rank() == 2, "log_a must be [C,N], got ", a);
  require(c.shape(0) == Shape{a[0]}, "log_dt must be [C] = ", Shape{a[0]}, ", got ", c.shape(0));
  for (int i = 2; i < 5; ++i)
    require(c.shape(i) == a, "input ", i, " must be [C,N] = ", a, ", got ", c.shape(i));
}

// Near 0 the quotients lose their digits; there the series has them.
S4dState::Complex S4dState::ratio(Complex p) {
  if (std::abs(p) < 1e-2)
    return 1.0 + p * (0.5 + p * (1.0 / 6 + p * (1.0 / 24 + p * (1.0 / 120 + p / 720.0))));
  return (std::exp(p) - 1.0) / p;
}

S4dState::Complex S4dState::ratio_slope(Complex p) {
  if (std::abs(p) < 1e-2)
    return 0.5 + p * (1.0 / 3 + p * (1.0 / 8 + p * (1.0 / 30 + p * (1.0 / 144 + p / 840.0))));
  return (std::exp(p) * (p - 1.0) + 1.0) / (p * p);
}

S4dState::S4dState(double log_dt, double log_a, double imaginary, double c_re, double c_im)
    : dt(std::exp(log_dt)),
      rate(-std::exp(log_a)),
      a(rate, imaginary),
      pole(dt * a),
      c(c_re, c_im),
      weight(c * dt * ratio(pole)) {}

// A gradient g of a complex number z means dLoss = Re(conj(g) dz).
S4dState::Gradient S4dState::gradient(Complex sum, Complex weighted) const {
  const Complex to_weight = 2.0 * std::conj(sum);
  Complex to_pole = 2.0 * std::conj(weight * weighted);
  to_pole += std::conj(c * dt * ratio_slope(pole)) * to_weight;
  const Complex to_c = std::conj(dt * ratio(pole)) * to_weight, to_a = dt * to_pole;
  const double by_weight = (std::conj(to_weight) * weight).real();
  const double by_pole = (std::conj(to_pole) * pole).real();
  return {by_weight + by_pole, to_a.real() * rate, to_a.imag(), to_c.real(), to_c.imag()};
}
}  // namespace cambium
