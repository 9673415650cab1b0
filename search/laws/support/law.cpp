#include "search/laws/law.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"
#include "core/text/suggest.h"

namespace cambium {
std::string_view quantity_name(Quantity q) {
  constexpr std::array<std::string_view, kQuantities> names = {"params", "tokens", "flops", "loss"};
  return names[q];
}

std::string_view quantity_symbol(Quantity q) {
  constexpr std::array<std::string_view, kQuantities> names = {"N", "D", "C", "L"};
  return names[q];
}

LawInput::LawInput() {
  x.fill(NAN);
  log_x.fill(NAN);
}

void LawInput::set(Quantity q, double value) {
  x[q] = value;
  log_x[q] = std::log(value);
}

const Law& law_named(std::string_view name) {
  std::vector<std::string> known;
  for (const Law* law : builtin_laws()) {
    if (law->name == name) return *law;
    known.emplace_back(law->name);
  }
  throw UserError(str("there is no law '", name, "'"), suggestion(name, known));
}

double law_value(const Law& law, std::span<const double> theta, const LawInput& at) {
  double value = NAN;
  law.values(theta, {&at, 1}, &value, nullptr);
  return std::exp(value);
}

double shown_parameter(const Law& law, std::span<const double> theta, size_t i) {
  return law.parameters[i].positive ? std::exp(theta[i]) : theta[i];
}
}  // namespace cambium
