// Law: a formula of how loss falls with size, data and compute; one file in search/laws/ defines
// one. What is fitted is always the logarithm of its answer, so that every law shares one
// objective.
#pragma once
#include <array>
#include <span>
#include <string_view>
#include <vector>

namespace cambium {
enum Quantity { kParams, kTokens, kFlops, kLoss, kQuantities };

// The column of points that holds it: "params", "tokens", "flops", "loss".
std::string_view quantity_name(Quantity q);
// As formulas write it: "N", "D", "C", "L".
std::string_view quantity_symbol(Quantity q);

// Where a law is asked. NaN: not known.
struct LawInput {
  std::array<double, kQuantities> x, log_x;  // log_x follows x through set()

  LawInput();
  void set(Quantity q, double value);
};

struct LawParameter {
  std::string_view name, doc;
  bool positive = false;  // the fit moves its logarithm
};

// Parameters as the fit moves them: logarithms where positive.
using Theta = std::vector<double>;

struct ScheduleForm;  // search/laws/schedule/schedule_law.h

struct Law {
  std::string_view name, doc, paper, formula;
  std::vector<Quantity> needs;        // what it is a function of
  std::string_view answers = "loss";  // the column it foretells
  std::vector<LawParameter> parameters;
  // Logarithms of the answers at n points, and when `jacobian` is given their derivatives [n,p].
  // Where the formula has no positive answer the value is NaN.
  void (*values)(std::span<const double> theta, std::span<const LawInput> at, double* log_values,
                 double* jacobian) = nullptr;
  // Where descent may begin, the best guess first; never empty.
  std::vector<Theta> (*starts)(std::span<const LawInput> at,
                               std::span<const double> log_answers) = nullptr;
  // Of a law of whole trainings by their schedules, in place of both; it needs no quantity.
  const ScheduleForm* of_schedules = nullptr;
};

std::span<const Law* const> builtin_laws();
// UserError with the nearest names when there is none.
const Law& law_named(std::string_view name);

// The answer itself, at one point.
double law_value(const Law& law, std::span<const double> theta, const LawInput& at);
// A parameter as people read it: its exponential where the fit moves a logarithm.
double shown_parameter(const Law& law, std::span<const double> theta, size_t i);
}  // namespace cambium
