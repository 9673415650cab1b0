// What runs can tell of a law: whether its quantities vary apart, whether its answer follows each,
// and which parameters they leave open.
#pragma once
#include <optional>

#include "search/laws/fit/fit.h"

namespace cambium {
// log y = log_factor + power log x, which the runs lie on.
struct PowerLine {
  Quantity x, y;
  double log_factor, power;

  double log_y(double log_x) const { return log_factor + power * log_x; }

  // Within 5 %.
  bool holds(const LawInput& at) const;
  // "D = 20 N"
  std::string text() const;
};

// None when a quantity is constant or not known, or y strays by more than a thousandth of its
// variance from the line of x.
std::optional<PowerLine> line_through(const std::vector<LawRun>& runs, Quantity x, Quantity y);
// Between the two quantities of the law, if it has two.
std::optional<PowerLine> line_of(const Law& law, const std::vector<LawRun>& runs);

// An F test at 1 % of the fit against the best law without the quantity (under Huber's sum the one
// of Schrader and Hettmansperger 1980): UserError when the answer follows it no better than noise
// does, or the other way round. Where quantities vary together, along the line, of both together.
void require_follows(const LawFit& fit, const std::optional<PowerLine>& line);

// The first of p columns of a matrix [n,p] that those before it make up, or that is zero.
std::optional<size_t> dependent_column(std::vector<double> columns, size_t p);

// The first parameter that the runs leave open where the fit stands: it changes no answer, or those
// before it change answers alike.
std::optional<size_t> open_parameter(const LawFit& fit);
// Whether the fit drove what the parameter stands for to nothing: its share of every answer is
// below 1e-6.
bool at_bound(const LawFit& fit, size_t parameter);
}  // namespace cambium
