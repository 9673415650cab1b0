// What s4d_kernel and its gradient share: attributes, sizes, and one state's numbers.
#pragma once
#include <complex>

#include "graph/op.h"
#include "ops/support/partition.h"
#include "ops/support/scratch.h"
#include "ops/support/tile.h"

namespace cambium {
struct S4dKernel {
  int64_t length = 1;
  static constexpr auto fields =
      std::tuple{field("length", &S4dKernel::length, "places of the kernel").in(0)};
};

struct S4dSizes {
  int64_t L, C, N;

  int64_t blocks() const { return (C + kLanes - 1) / kLanes; }

  int64_t chunks() const { return (L + 63) / 64; }

  int64_t parts() const { return L * C * N < 20000 ? 1 : part_count(blocks()); }
};

S4dSizes s4d_sizes(const Call& c);
void check_s4d(const Call& c);  // UserError unless log_dt is f32 [C] and the rest [C,N]

// One state of one channel: K_l = 2 Re(weight e^(pole l)), weight = c dt (e^pole - 1) / pole.
struct S4dState {
  using Complex = std::complex<double>;

  double dt, rate;  // rate = -e^log_a
  Complex a, pole, c, weight;

  S4dState(double log_dt, double log_a, double imaginary, double c_re, double c_im);

  // e^(pole l): 1 at l = 0, however large the pole.
  Complex power(int64_t l) const { return l == 0 ? 1.0 : std::exp(pole * double(l)); }

  // (e^pole - 1) / pole, and its derivative.
  static Complex ratio(Complex pole);
  static Complex ratio_slope(Complex pole);

  struct Gradient {
    double log_dt, log_a, imaginary, c_re, c_im;
  };

  // From sums over l of dK_l e^(pole l) and of l dK_l e^(pole l).
  Gradient gradient(Complex sum, Complex weighted) const;
};
}  // namespace cambium
