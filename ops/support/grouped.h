// What grouped_linear and its gradient share: rows sorted by group, a matrix a group.
#pragma once
#include "graph/op.h"

namespace cambium {
// UserError unless input i is i32 [groups].
void require_counts(const Call& c, int i, int64_t groups);

// The sum of counts[0..groups); RuntimeError when one is negative or the sum exceeds `rows`.
int64_t checked_total(const int32_t* counts, int64_t groups, int64_t rows);

// y [m,n] = op(a) op(b) + beta y, row-major: a [m,k] ([k,m] when transposed), b [k,n] ([n,k]).
// oneDNN's product for sizes that are known when it runs; it splits the work among the threads.
void multiply_f32(int64_t m, int64_t n, int64_t k, const float* a, bool transpose_a, const float* b,
                  bool transpose_b, float beta, float* y);
}  // namespace cambium
