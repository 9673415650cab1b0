#include "ops/product/support/eigen.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.h"

namespace cambium::eigen_test {
namespace {
using Matrix = std::vector<double>;

TEST(Cholesky, FactorTimesItselfIsTheMatrix) {
  for (const int64_t n : {1, 2, 5, 40, 130}) {
    Random random(uint64_t(n), 0);
    Matrix root(size_t(n * n)), a(size_t(n * n)), lower(size_t(n * n)), back(size_t(n * n));
    for (double& v : root) v = random.normal();
    multiply_f64(n, n, n, root.data(), false, root.data(), true, a.data());
    ASSERT_TRUE(cholesky_f64(n, a.data(), lower.data()));
    multiply_f64(n, n, n, lower.data(), false, lower.data(), true, back.data());
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j) {
        EXPECT_NEAR(back[size_t(i * n + j)], a[size_t(i * n + j)], 1e-11 * double(n));
        if (j > i) {
          EXPECT_EQ(lower[size_t(i * n + j)], 0);
        }
      }
  }
}

TEST(Cholesky, RefusesWhatIsNotPositive) {
  Matrix lower(4);
  EXPECT_FALSE(cholesky_f64(2, Matrix{1, 2, 2, 1}.data(), lower.data()));
  EXPECT_FALSE(cholesky_f64(2, Matrix{1, 1, 1, 1}.data(), lower.data()));
  EXPECT_FALSE(cholesky_f64(2, Matrix{1, NAN, NAN, 1}.data(), lower.data()));
  EXPECT_FALSE(cholesky_f64(1, Matrix{NAN}.data(), lower.data()));
}

TEST(SolveLower, GivesBackWhatWasMultiplied) {
  const Matrix lower = {2, 0, 0, 1, 3, 0, -1, 4, 5}, x = {1, 2, -3, 4, 5, 6};  // [3,2]
  for (const bool transposed : {false, true}) {
    Matrix b(6);
    multiply_f64(3, 2, 3, lower.data(), transposed, x.data(), false, b.data());
    solve_lower_f64(3, 2, lower.data(), transposed, b.data());
    for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(b[i], x[i], 1e-13);
  }
}
}  // namespace
}  // namespace cambium::eigen_test
