#include "ops/product/support/eigen.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/Eigenvalues>

namespace cambium {
namespace {
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Input = Eigen::Map<const Matrix>;
}  // namespace

void multiply_f64(int64_t m, int64_t n, int64_t k, const double* a, bool transpose_a,
                  const double* b, bool transpose_b, double* y) {
  const Input left(a, transpose_a ? k : m, transpose_a ? m : k);
  const Input right(b, transpose_b ? n : k, transpose_b ? k : n);
  Eigen::Map<Matrix> product(y, m, n);
  if (transpose_a && transpose_b)
    product.noalias() = left.transpose() * right.transpose();
  else if (transpose_a)
    product.noalias() = left.transpose() * right;
  else if (transpose_b)
    product.noalias() = left * right.transpose();
  else
    product.noalias() = left * right;
}

void symmetric_eigen(int64_t n, const double* a, double* values, double* vectors) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(Input(a, n, n));
  Eigen::Map<Eigen::VectorXd>(values, n) = solver.eigenvalues();
  Eigen::Map<Matrix>(vectors, n, n) = solver.eigenvectors();
}

bool cholesky_f64(int64_t n, const double* a, double* lower) {
  Eigen::Map<Matrix> l(lower, n, n);
  l = Input(a, n, n);
  // Eigen takes the root of a NaN for a success.
  const Eigen::LLT<Eigen::Ref<Matrix>, Eigen::Lower> factor(l);
  if (factor.info() != Eigen::Success || !l.diagonal().allFinite()) return false;
  l.triangularView<Eigen::StrictlyUpper>().setZero();
  return true;
}

void solve_lower_f64(int64_t n, int64_t m, const double* lower, bool transpose, double* b) {
  const Input l(lower, n, n);
  Eigen::Map<Matrix> x(b, n, m);
  if (transpose)
    l.transpose().triangularView<Eigen::Upper>().solveInPlace(x);
  else
    l.triangularView<Eigen::Lower>().solveInPlace(x);
}
}  // namespace cambium
