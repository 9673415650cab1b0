#include "search/laws/support/power.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "search/laws/fit/linear.h"

namespace cambium {
namespace {
constexpr double kTiny =
    1e-6;  // of the smallest answer: a floor or a term that the grid finds absent
constexpr size_t kStarts = 3;

struct Candidate {
  double squares;
  size_t i, j;  // places in the grid of exponents
  Theta theta;
};

std::vector<double> exponent_grid() {
  std::vector<double> grid;
  for (double a = 0.04; a < 1.7; a *= 1.22) grid.push_back(a);
  return grid;
}

// The columns (1, x1^-a1, x2^-a2) over the answers, whose combination is to be 1 everywhere. Each
// power is taken of x over its geometric mean, which keeps the system well scaled.
struct Projection {
  const PowerForm& form;
  std::vector<double> grid = exponent_grid(), weight;
  std::array<double, 2> centre = {0, 0};
  std::array<std::vector<double>, 2> powers;  // [grid, n]
  double least = 0;                           // the smallest answer

  Projection(const PowerForm& f, std::span<const LawInput> at, std::span<const double> log_answers)
      : form(f) {
    const size_t n = at.size();
    for (double v : log_answers) weight.push_back(std::exp(-v));
    least = std::exp(*std::ranges::min_element(log_answers));
    for (size_t k = 0; k < form.count; ++k) {
      for (const LawInput& in : at) centre[k] += in.log_x[form.terms[k]] / double(n);
      for (double a : grid)
        for (size_t i = 0; i < n; ++i)
          powers[k].push_back(weight[i] * std::exp(-a * (at[i].log_x[form.terms[k]] - centre[k])));
    }
  }

  Candidate solve(size_t i, size_t j) const {
    const size_t n = weight.size();
    std::vector<const double*> columns;
    if (form.floor) columns.push_back(weight.data());
    columns.push_back(powers[0].data() + i * n);
    if (form.count > 1) columns.push_back(powers[1].data() + j * n);
    const std::vector<double> ones(n, 1.0);
    const NonNegative found = non_negative_least_squares(columns, ones);
    Candidate c{found.squares, i, j, Theta(form.parameters())};
    for (size_t k = 0; k < columns.size(); ++k)
      c.theta[k] = std::log(std::max(found.x[k], kTiny * least));
    const std::array<double, 2> a = {grid[i], grid[j]};
    for (size_t k = 0; k < form.count; ++k) {
      c.theta[form.amplitude(k)] += a[k] * centre[k];
      c.theta[form.exponent(k)] = a[k];
    }
    return c;
  }
};
}  // namespace

void power_values(const PowerForm& form, std::span<const double> theta,
                  std::span<const LawInput> at, double* log_values, double* jacobian) {
  const double floor = form.floor ? std::exp(theta[0]) : 0;
  for (size_t i = 0; i < at.size(); ++i) {
    std::array<double, 2> term = {0, 0};
    double total = floor;
    for (size_t k = 0; k < form.count; ++k) {
      const double log_x = at[i].log_x[form.terms[k]];
      term[k] = std::exp(theta[form.amplitude(k)] - theta[form.exponent(k)] * log_x);
      total += term[k];
    }
    log_values[i] = std::log(total);
    if (!jacobian) continue;
    double* row = jacobian + i * form.parameters();
    std::fill(row, row + form.parameters(), 0.0);
    if (form.floor) row[0] = floor / total;
    for (size_t k = 0; k < form.count; ++k) {
      row[form.amplitude(k)] = term[k] / total;
      row[form.exponent(k)] -= term[k] / total * at[i].log_x[form.terms[k]];
    }
  }
}

std::vector<Theta> power_starts(const PowerForm& form, std::span<const LawInput> at,
                                std::span<const double> log_answers) {
  const Projection projection(form, at, log_answers);
  const size_t size = projection.grid.size();
  std::vector<Candidate> all;
  for (size_t i = 0; i < size; ++i) {
    const bool square = form.count > 1 && !form.shared;
    for (size_t j = square ? 0 : i; j < (square ? size : i + 1); ++j)
      all.push_back(projection.solve(i, j));
  }
  std::ranges::stable_sort(all, {}, &Candidate::squares);
  std::vector<Theta> starts;
  std::vector<std::pair<size_t, size_t>> taken;
  for (const Candidate& c : all) {
    if (starts.size() == kStarts) break;
    // A neighbour of one already taken leads to the same place.
    const bool near = std::ranges::any_of(taken, [&](const auto& t) {
      return std::max(t.first, c.i) - std::min(t.first, c.i) < 3 &&
             std::max(t.second, c.j) - std::min(t.second, c.j) < 3;
    });
    if (near) continue;
    taken.emplace_back(c.i, c.j);
    starts.push_back(c.theta);
  }
  return starts;
}

std::vector<LawParameter> power_parameters(bool floor) {
  std::vector<LawParameter> out;
  if (floor) out.push_back({"E", "what no size takes away: the loss's floor", true});
  out.push_back({"A", "amplitude of what falls", true});
  out.push_back({"a", "exponent: how fast it falls", false});
  return out;
}
}  // namespace cambium
