// Sums of powers, what most laws are: floor + sum of A_k / x_k^a_k. Parameters stand in this order:
// the floor (where there is one), the amplitudes, the exponents (one for all terms when shared).
#pragma once
#include "search/laws/law.h"

namespace cambium {
struct PowerForm {
  std::array<Quantity, 2> terms = {kParams, kTokens};
  size_t count = 2;  // of terms
  bool floor = true, shared = false;

  constexpr size_t first_amplitude() const { return floor ? 1 : 0; }

  constexpr size_t amplitude(size_t k) const { return first_amplitude() + k; }

  constexpr size_t exponent(size_t k) const { return first_amplitude() + count + (shared ? 0 : k); }

  constexpr size_t parameters() const { return first_amplitude() + count + (shared ? 1 : count); }
};

void power_values(const PowerForm& form, std::span<const double> theta,
                  std::span<const LawInput> at, double* log_values, double* jacobian);
// Variable projection (Golub and Pereyra 1973): on a grid of exponents the rest is linear.
std::vector<Theta> power_starts(const PowerForm& form, std::span<const LawInput> at,
                                std::span<const double> log_answers);

// The two functions of a record.
template <PowerForm kForm> struct PowerLaw {
  static void values(std::span<const double> theta, std::span<const LawInput> at,
                     double* log_values, double* jacobian) {
    power_values(kForm, theta, at, log_values, jacobian);
  }

  static std::vector<Theta> starts(std::span<const LawInput> at,
                                   std::span<const double> log_answers) {
    return power_starts(kForm, at, log_answers);
  }
};

// The law L = E + A / x^a or L = A / x^a of one quantity.
std::vector<LawParameter> power_parameters(bool floor);
}  // namespace cambium
