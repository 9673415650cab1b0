#include "ops/update/support/adafactor.h"

#include <algorithm>
#include <cmath>

#include "core/system/parallel.h"
#include "ops/support/nan.h"

namespace cambium {
namespace {
constexpr int64_t kRows = 64, kElements = 16384, kGrain = 16384;

int64_t blocks_of_matrix(int64_t rows) {
  return (rows + kRows - 1) / kRows;
}

// Adds (scale g)^2 of rows of n numbers to `columns`, and answers each row's mean in `means`.
CAMBIUM_SIMD void square_rows(const float* g, int64_t rows, int64_t n, float scale, float* columns,
                              float* means) {
  constexpr int64_t kChains = 16;
  for (int64_t r = 0; r < rows; ++r, g += n) {
    double chain[kChains] = {};
    for (int64_t begin = 0; begin < n; begin += kChains) {
      const int64_t width = n - begin < kChains ? n - begin : kChains;
#pragma GCC ivdep
      for (int64_t l = 0; l < width; ++l) {
        const float x = scale * g[begin + l];
        columns[begin + l] += x * x;
        chain[l] += double(x * x);
      }
    }
    double sum = 0;
    for (int64_t l = 0; l < kChains; ++l) sum += chain[l];
    means[r] = float(sum / double(n));
  }
}

CAMBIUM_SIMD double sum_of_squares(const float* x, int64_t n) {
  constexpr int64_t kChains = 16;
  double chain[kChains] = {}, sum = 0;
  for (int64_t begin = 0; begin < n; begin += kChains) {
    const int64_t width = n - begin < kChains ? n - begin : kChains;
    for (int64_t l = 0; l < width; ++l) chain[l] += double(x[begin + l]) * double(x[begin + l]);
  }
  for (int64_t l = 0; l < kChains; ++l) sum += chain[l];
  return sum;
}

// u = scale g / sqrt(max(row v, least)); answers the sum of its squares.
CAMBIUM_SIMD double normalise(const float* g, const float* v, int64_t n, float scale, float row,
                              float least) {
  constexpr int64_t kChains = 16;
  double chain[kChains] = {}, sum = 0;
  for (int64_t begin = 0; begin < n; begin += kChains) {
    const int64_t width = n - begin < kChains ? n - begin : kChains;
    for (int64_t l = 0; l < width; ++l) {
      const float square = row * v[begin + l], x = scale * g[begin + l];
      chain[l] += double(x * x / (square < least ? least : square));
    }
  }
  for (int64_t l = 0; l < kChains; ++l) sum += chain[l];
  return sum;
}

CAMBIUM_SIMD void move(const float* p, const float* g, const float* v, float* to, int64_t n,
                       float size, float keep, float row, float least) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const float square = row * v[i];
    to[i] = keep * p[i] - size * g[i] / std::sqrt(square < least ? least : square);
  }
}

CAMBIUM_SIMD void approach_squares(const float* g, const float* a, float* to, int64_t n,
                                   float scale, float t) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const float x = scale * g[i];
    to[i] = (1 - t) * a[i] + t * (x * x);  // a that is large goes whole at the first step
  }
}

// Calls f(block, matrix, first row, rows) for every block, in parallel.
template <class F> void each_block(const FactoredShape& f, const F& body) {
  const int64_t each = blocks_of_matrix(f.rows), cost = kRows * f.columns + 1;
  parallel_for(f.batch * each, kGrain / cost + 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t m = block / each, row = block % each * kRows;
      body(block, m, row, std::min(kRows, f.rows - row));
    }
  });
}

double total(const double* part, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += part[i];
  return sum;
}

// lr and the clipping of one tensor, from the sums of squares of p and u.
double step_size(double p_square, double u_square, int64_t count, const AdafactorRates& r,
                 const AdafactorAttrs& o) {
  const double n = double(std::max<int64_t>(count, 1));
  return larger(o.eps2, std::sqrt(p_square / n)) * std::min(r.lr, 1 / std::sqrt(r.step)) /
         larger(1.0, std::sqrt(u_square / n) / o.clip);
}

// The means of rows and columns; answers max(mean of the row means, eps1) of each matrix in `mean`.
void new_means(const FactoredShape& f, const AdafactorBuffers& x, const AdafactorRates& r,
               double eps1, float* columns, double* mean) {
  each_block(f, [&](int64_t block, int64_t m, int64_t row, int64_t rows) {
    float *column = columns + block * f.columns, means[kRows];
    std::fill_n(column, f.columns, 0.0f);
    const int64_t first = m * f.rows + row;
    square_rows(x.g + first * f.columns, rows, f.columns, r.scale, column, means);
    for (int64_t i = 0; i < rows; ++i)
      x.to_a[first + i] = float((1 - r.t) * double(x.a[first + i]) + r.t * double(means[i]));
  });
  const int64_t each = blocks_of_matrix(f.rows);
  for (int64_t m = 0; m < f.batch; ++m) {
    double sum = 0;
    for (int64_t i = 0; i < f.rows; ++i) sum += double(x.to_a[m * f.rows + i]);
    mean[m] = std::max(sum / double(std::max<int64_t>(f.rows, 1)), eps1);
    for (int64_t j = 0; j < f.columns; ++j) {
      double square = 0;
      for (int64_t b = 0; b < each; ++b) square += double(columns[(m * each + b) * f.columns + j]);
      const double old = x.b[m * f.columns + j];
      x.to_b[m * f.columns + j] = float((1 - r.t) * old + r.t * (square / double(f.rows)));
    }
  }
}

void step_matrices(const FactoredShape& f, const AdafactorBuffers& x, const AdafactorRates& r,
                   const AdafactorAttrs& o) {
  const int64_t blocks = f.blocks();
  auto *p_square = reinterpret_cast<double*>(x.scratch), *u_square = p_square + blocks,
       *mean = u_square + blocks;
  const auto least = float(o.eps1 * o.eps1);
  new_means(f, x, r, o.eps1, reinterpret_cast<float*>(mean + f.batch), mean);
  const auto row_factor = [&](int64_t m, int64_t i) {
    return float(double(x.to_a[m * f.rows + i]) / mean[m]);
  };
  each_block(f, [&](int64_t block, int64_t m, int64_t row, int64_t rows) {
    const int64_t at = (m * f.rows + row) * f.columns;
    p_square[block] = sum_of_squares(x.p + at, rows * f.columns);
    u_square[block] = 0;
    for (int64_t i = 0; i < rows; ++i)
      u_square[block] += normalise(x.g + at + i * f.columns, x.to_b + m * f.columns, f.columns,
                                   r.scale, row_factor(m, row + i), least);
  });
  const double size = step_size(total(p_square, blocks), total(u_square, blocks),
                                f.batch * f.rows * f.columns, r, o);
  each_block(f, [&](int64_t, int64_t m, int64_t row, int64_t rows) {
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t at = (m * f.rows + row + i) * f.columns;
      move(x.p + at, x.g + at, x.to_b + m * f.columns, x.to + at, f.columns, float(size) * r.scale,
           float(1 - r.lr * r.decay), row_factor(m, row + i), least);
    }
  });
}

void step_row(const FactoredShape& f, const AdafactorBuffers& x, const AdafactorRates& r,
              const AdafactorAttrs& o) {
  const int64_t n = f.columns, blocks = f.blocks();
  auto *p_square = reinterpret_cast<double*>(x.scratch), *u_square = p_square + blocks;
  const auto least = float(o.eps1 * o.eps1);
  const auto each = [&](const auto& body) {
    parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b)
        body(b, b * kElements, std::min(kElements, n - b * kElements));
    });
  };
  each([&](int64_t b, int64_t at, int64_t count) {
    approach_squares(x.g + at, x.a + at, x.to_a + at, count, r.scale, float(r.t));
    p_square[b] = sum_of_squares(x.p + at, count);
    u_square[b] = normalise(x.g + at, x.to_a + at, count, r.scale, 1, least);
  });
  const double size = step_size(total(p_square, blocks), total(u_square, blocks), n, r, o);
  each([&](int64_t, int64_t at, int64_t count) {
    move(x.p + at, x.g + at, x.to_a + at, x.to + at, count, float(size) * r.scale,
         float(1 - r.lr * r.decay), 1, least);
  });
}
}  // namespace

FactoredShape::FactoredShape(const Shape& p)
    : factored(p.rank() >= 2), columns(factored ? p.last() : p.count()), row_shape(p) {
  if (!factored) return;
  const std::vector<int64_t> dims(p.dims().begin(), p.dims().end());
  rows = p[-2];
  for (int i = 0; i + 2 < p.rank(); ++i) batch *= p[i];
  row_shape = Shape(std::span<const int64_t>(dims.data(), dims.size() - 1));
  std::vector<int64_t> rest = dims;
  rest.erase(rest.end() - 2);
  column_shape = Shape(std::span<const int64_t>(rest));
}

int64_t FactoredShape::blocks() const {
  return factored ? batch * blocks_of_matrix(rows) : (columns + kElements - 1) / kElements;
}

int64_t FactoredShape::scratch_bytes() const {
  const int64_t doubles = 2 * blocks() + batch, floats = factored ? blocks() * columns : 0;
  return 8 * doubles + 4 * floats;
}

int adafactor_tensors(const Call& c) {
  int matrices = 0;
  // The p's stand first; n of them leave 3 n + (how many are matrices) tensors in all.
  for (int k = 0; 3 + k < c.inputs(); ++k) {
    if (c.has(3 + k)) matrices += c.shape(3 + k).rank() >= 2;
    if (3 * (k + 1) + matrices == c.inputs() - 3) return k + 1;
  }
  throw UserError(str(c.inputs() - 3, " tensors are not groups p, g, a and the matrices' b"));
}

void adafactor_step(const FactoredShape& f, const AdafactorBuffers& x, const AdafactorRates& r,
                    const AdafactorAttrs& o) {
  f.factored ? step_matrices(f, x, r, o) : step_row(f, x, r, o);
}
}  // namespace cambium
