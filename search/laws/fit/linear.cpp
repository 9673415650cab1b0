#include "search/laws/fit/linear.h"

#include <algorithm>
#include <cmath>

namespace cambium {
std::vector<double> cholesky(std::vector<double> a, size_t p, double ridge) {
  std::vector<double> l(p * p, 0.0);
  double largest = 1e-300;
  for (size_t i = 0; i < p; ++i) largest = std::max(largest, a[i * p + i]);
  for (size_t j = 0; j < p; ++j) {
    double pivot = a[j * p + j];
    for (size_t k = 0; k < j; ++k) pivot -= l[j * p + k] * l[j * p + k];
    pivot = std::max(pivot, ridge * std::max(a[j * p + j], 1e-14 * largest));
    l[j * p + j] = std::sqrt(pivot);
    for (size_t i = j + 1; i < p; ++i) {
      double s = a[i * p + j];
      for (size_t k = 0; k < j; ++k) s -= l[i * p + k] * l[j * p + k];
      l[i * p + j] = s / l[j * p + j];
    }
  }
  return l;
}

std::vector<double> cholesky_solve(std::span<const double> factor, std::span<const double> b) {
  const size_t p = b.size();
  std::vector<double> x(b.begin(), b.end());
  for (size_t i = 0; i < p; ++i) {
    for (size_t k = 0; k < i; ++k) x[i] -= factor[i * p + k] * x[k];
    x[i] /= factor[i * p + i];
  }
  for (size_t i = p; i-- > 0;) {
    for (size_t k = i + 1; k < p; ++k) x[i] -= factor[k * p + i] * x[k];
    x[i] /= factor[i * p + i];
  }
  return x;
}

std::vector<double> inverse_of(const std::vector<double>& a, size_t p) {
  const std::vector<double> l = cholesky(a, p);
  std::vector<double> out(p * p);
  for (size_t j = 0; j < p; ++j) {
    std::vector<double> unit(p, 0.0);
    unit[j] = 1;
    const std::vector<double> column = cholesky_solve(l, unit);
    for (size_t i = 0; i < p; ++i) out[i * p + j] = column[i];
  }
  return out;
}

std::vector<double> gram(std::span<const double> jacobian, size_t p) {
  std::vector<double> a(p * p, 0.0);
  for (size_t row = 0; row * p < jacobian.size(); ++row) {
    const double* v = jacobian.data() + row * p;
    for (size_t i = 0; i < p; ++i)
      for (size_t j = 0; j <= i; ++j) a[i * p + j] += v[i] * v[j];
  }
  for (size_t i = 0; i < p; ++i)
    for (size_t j = i + 1; j < p; ++j) a[i * p + j] = a[j * p + i];
  return a;
}

double quadratic(std::span<const double> v, std::span<const double> a) {
  double sum = 0;
  for (size_t i = 0; i < v.size(); ++i)
    for (size_t j = 0; j < v.size(); ++j) sum += v[i] * a[i * v.size() + j] * v[j];
  return sum;
}

NonNegative non_negative_least_squares(std::span<const double* const> columns,
                                       std::span<const double> target) {
  const size_t k = columns.size(), n = target.size();
  std::vector<double> products(k * k, 0.0), right(k, 0.0);
  double whole = 0;
  for (size_t i = 0; i < n; ++i) {
    whole += target[i] * target[i];
    for (size_t a = 0; a < k; ++a) {
      right[a] += columns[a][i] * target[i];
      for (size_t b = 0; b <= a; ++b) products[a * k + b] += columns[a][i] * columns[b][i];
    }
  }
  NonNegative best{std::vector<double>(k, 0.0), whole};
  for (unsigned set = 1; set < (1u << k); ++set) {
    std::vector<size_t> in;
    for (size_t a = 0; a < k; ++a)
      if (set >> a & 1) in.push_back(a);
    std::vector<double> some(in.size() * in.size()), b;
    for (size_t r = 0; r < in.size(); ++r) {
      b.push_back(right[in[r]]);
      for (size_t c = 0; c < in.size(); ++c)
        some[r * in.size() + c] = products[std::max(in[r], in[c]) * k + std::min(in[r], in[c])];
    }
    const std::vector<double> x = cholesky_solve(cholesky(some, in.size()), b);
    double squares = whole;
    for (size_t r = 0; r < in.size(); ++r) squares -= x[r] * b[r];
    if (squares >= best.squares || std::ranges::any_of(x, [](double v) { return !(v >= 0); }))
      continue;
    best = {std::vector<double>(k, 0.0), squares};
    for (size_t r = 0; r < in.size(); ++r) best.x[in[r]] = x[r];
  }
  return best;
}
}  // namespace cambium
