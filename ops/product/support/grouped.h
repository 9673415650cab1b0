// What grouped_linear and its gradient share: rows sorted by group, a matrix a group.
#pragma once
#include <memory>

#include "core/error.h"
#include "graph/op.h"

namespace cambium {
// UserError unless input i is i32 [groups].
void require_counts(const Call& c, int i, int64_t groups);

// The sum of counts[0..groups); RuntimeError when one is negative or the sum exceeds `rows`.
template <class Count>
int64_t checked_total(std::string_view op, const Count* counts, int64_t groups, int64_t rows) {
  int64_t total = 0;
  for (int64_t g = 0; g < groups; ++g) {
    const auto n = int64_t(counts[g]);
    if (n < 0) throw RuntimeError(str(op, "'s group ", g, " has ", n, " rows"));
    total += n;
  }
  if (total > rows) throw RuntimeError(str(op, "'s groups of ", total, " rows share only ", rows));
  return total;
}

// y [m,n] = op(a) op(b), or that + y, row-major: a [m,k] ([k,m] when transposed), b [k,n] ([n,k]),
// both f32 or both bf16, y f32. kAnySize for m or k: known when it runs. oneDNN's product, which
// splits the work among the threads.
inline constexpr int64_t kAnySize = -1;

struct ProductSizes {
  int64_t m, n, k;
  bool transpose_a, transpose_b;
};

class AnyProduct {
 public:
  AnyProduct(Engine& e, const ProductSizes& z, DType dtype, bool add);

  // `size` is the one that was not known, not 0.
  void run(int64_t size, const void* a, const void* b, float* y) const;

  std::string impl() const;

 private:
  struct Primitive;  // in bf16
  ProductSizes z_;
  bool add_;
  std::shared_ptr<Primitive> primitive_;
};

// Rows from `at` on of a matrix of f32 or bf16 with `width` columns.
inline const void* row_of(const void* x, DType dtype, int64_t at, int64_t width) {
  return static_cast<const std::byte*>(x) + at * width * size_of(dtype);
}
}  // namespace cambium
