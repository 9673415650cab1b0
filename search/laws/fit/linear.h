// Linear algebra of a handful of unknowns: symmetric positive systems, row-major.
#pragma once
#include <span>
#include <vector>

namespace cambium {
// The lower factor of a symmetric positive a [p,p]. Where a pivot is lost to rounding, a column
// that the others explain, the pivot is raised to `ridge` of its diagonal.
std::vector<double> cholesky(std::vector<double> a, size_t p, double ridge = 1e-14);
// x of L L' x = b.
std::vector<double> cholesky_solve(std::span<const double> factor, std::span<const double> b);
// Of a symmetric positive a [p,p]; a direction without information gets a large variance.
std::vector<double> inverse_of(const std::vector<double>& a, size_t p);

// J' J [p,p] of a jacobian [n,p].
std::vector<double> gram(std::span<const double> jacobian, size_t p);
// v' A v
double quadratic(std::span<const double> v, std::span<const double> a);

struct NonNegative {
  std::vector<double> x;  // >= 0
  double squares;         // of the residual
};

// The least squares of sum_k x_k column_k - target with x >= 0, by trying every set of columns: at
// most three. Columns are as long as the target.
NonNegative non_negative_least_squares(std::span<const double* const> columns,
                                       std::span<const double> target);
}  // namespace cambium
