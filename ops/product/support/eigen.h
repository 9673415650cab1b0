// Products, eigenvectors and Cholesky factors of row-major matrices of doubles. Eigen is seen by
// eigen.cpp only.
#pragma once
#include <cstdint>

namespace cambium {
// y [m,n] = op(a) op(b); a is [m,k] ([k,m] when transposed), b is [k,n] ([n,k] when transposed).
void multiply_f64(int64_t m, int64_t n, int64_t k, const double* a, bool transpose_a,
                  const double* b, bool transpose_b, double* y);

// Of a symmetric a [n,n]: its eigenvalues in rising order, and unit eigenvectors as columns of
// `vectors` [n,n].
void symmetric_eigen(int64_t n, const double* a, double* values, double* vectors);

// Of a symmetric a [n,n]: lower [n,n], zero above its diagonal, with lower lower' = a. False, and
// nothing of use in `lower`, where a is not positive definite.
bool cholesky_f64(int64_t n, const double* a, double* lower);

// x of lower x = b, or of lower' x = b when transposed, in place of b [n,m].
void solve_lower_f64(int64_t n, int64_t m, const double* lower, bool transpose, double* b);
}  // namespace cambium
