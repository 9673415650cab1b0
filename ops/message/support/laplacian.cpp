#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/rng.h"
#include "ops/message/support/components.h"
#include "ops/product/support/eigen.h"

namespace cambium {
namespace {
using Vector = std::vector<double>;

constexpr int64_t kDense = 512;

double dot(const Vector& x, const Vector& y) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

void add_scaled(Vector& y, double a, const Vector& x) {
  for (size_t i = 0; i < x.size(); ++i) y[i] += a * x[i];
}

void scale(Vector& x, double a) {
  for (double& v : x) v *= a;
}

// y = D^-1/2 A D^-1/2 x, whose eigenvalues are 1 less those of the Laplacian.
Vector multiply(const Component& c, const Vector& x) {
  Vector y(x.size(), 0.0);
  for (int64_t i = 0; i < c.size(); ++i)
    for (int32_t e = c.begin[size_t(i)]; e < c.begin[size_t(i) + 1]; ++e) {
      const auto j = size_t(c.neighbour[size_t(e)]);
      y[size_t(i)] += x[j] / std::sqrt(double(c.degree(i)) * double(c.degree(int64_t(j))));
    }
  return y;
}

// The eigenvector of the Laplacian's 0.
Vector trivial_vector(const Component& c) {
  Vector x;
  for (int64_t i = 0; i < c.size(); ++i) x.push_back(std::sqrt(double(c.degree(i))));
  scale(x, 1 / std::sqrt(dot(x, x)));
  return x;
}

// Rows are the eigenvectors in order of the Laplacian's eigenvalues, without the first.
std::vector<Vector> dense_vectors(const Component& c, int64_t count) {
  const auto n = size_t(c.size());
  Vector matrix(n * n, 0.0), values(n), vectors(n * n);
  Vector unit(n, 0.0);
  for (size_t i = 0; i < n; ++i) {
    unit[i] = 1;
    const Vector column = multiply(c, unit);
    for (size_t j = 0; j < n; ++j) matrix[j * n + i] = double(i == j) - column[j];
    unit[i] = 0;
  }
  symmetric_eigen(c.size(), matrix.data(), values.data(), vectors.data());
  std::vector<Vector> out;
  for (size_t k = 1; k <= size_t(count); ++k) {
    out.emplace_back(n);
    for (size_t i = 0; i < n; ++i) out.back()[i] = vectors[i * n + k];
  }
  return out;
}

// Removes the parts along the others, twice because once leaves rounding errors; the rest's length.
double orthogonalise(Vector& x, const std::vector<Vector>& basis, const Vector& trivial) {
  for (int pass = 0; pass < 2; ++pass) {
    add_scaled(x, -dot(x, trivial), trivial);
    for (const Vector& b : basis) add_scaled(x, -dot(x, b), b);
  }
  return std::sqrt(dot(x, x));
}

// Lanczos's basis and its tridiagonal matrix. It grows until the wanted vectors no longer change.
struct Krylov {
  std::vector<Vector> basis;
  Vector diagonal, beside;

  void grow(const Component& c, const Vector& trivial, size_t size) {
    Random random(1, stream_of("lanczos"));
    while (basis.size() < size) {
      Vector next = basis.empty() ? Vector(trivial.size()) : multiply(c, basis.back());
      if (!basis.empty()) diagonal.push_back(dot(next, basis.back()));
      double length = basis.empty() ? 0 : orthogonalise(next, basis, trivial);
      const bool ended = length < 1e-10;  // what is reachable is exhausted: begin anew beside it
      if (!basis.empty()) beside.push_back(ended ? 0 : length);
      while (length < 1e-10) {
        for (double& v : next) v = random.normal();
        length = orthogonalise(next, basis, trivial);
      }
      scale(next, 1 / length);
      basis.push_back(std::move(next));
    }
  }
};

// The `count` vectors of the largest eigenvalues; none when some have not settled yet.
std::vector<Vector> settled_vectors(const Component& c, Krylov& k, int64_t count, bool last) {
  const size_t m = k.diagonal.size();
  Vector matrix(m * m, 0.0), values(m), vectors(m * m);
  for (size_t i = 0; i < m; ++i) {
    matrix[i * m + i] = k.diagonal[i];
    if (i + 1 < m) matrix[i * m + i + 1] = matrix[(i + 1) * m + i] = k.beside[i];
  }
  symmetric_eigen(int64_t(m), matrix.data(), values.data(), vectors.data());
  std::vector<Vector> out;
  for (size_t w = 1; w <= size_t(count); ++w) {
    Vector x(size_t(c.size()), 0.0);
    for (size_t i = 0; i < m; ++i) add_scaled(x, vectors[i * m + m - w], k.basis[i]);
    Vector rest = multiply(c, x);
    add_scaled(rest, -values[m - w], x);
    if (!last && std::sqrt(dot(rest, rest)) > 1e-7) return {};
    out.push_back(std::move(x));
  }
  return out;
}

std::vector<Vector> lanczos_vectors(const Component& c, int64_t count) {
  const Vector trivial = trivial_vector(c);
  Krylov k;
  const int64_t most = c.size() - 1;  // beside the trivial one
  for (int64_t m = std::min(most, 4 * count + 60);; m = std::min(most, m + m / 2)) {
    k.grow(c, trivial, size_t(std::min(most, m + 1)));
    if (m == most) k.diagonal.push_back(dot(multiply(c, k.basis.back()), k.basis.back()));
    std::vector<Vector> out = settled_vectors(c, k, count, m == most);
    if (!out.empty()) return out;
  }
}
}  // namespace

std::vector<double> laplacian_rows(const Component& c, int64_t width) {
  const int64_t n = c.size(), count = std::min(width, n - 1);
  Vector rows(size_t(n * width), 0.0);
  if (count <= 0) return rows;
  const std::vector<Vector> vectors =
      n <= kDense ? dense_vectors(c, count) : lanczos_vectors(c, count);
  for (size_t k = 0; k < vectors.size(); ++k) {
    double largest = 0;
    for (double v : vectors[k])
      if (std::abs(v) > std::abs(largest) + 1e-9) largest = v;
    for (size_t i = 0; i < size_t(n); ++i)
      rows[i * size_t(width) + k] = largest < 0 ? -vectors[k][i] : vectors[k][i];
  }
  return rows;
}
}  // namespace cambium
