#include "ops/support/grouped.h"

#include "graph/graph.h"
#include "ops/support/dnnl.h"

namespace cambium {
void require_counts(const Call& c, int i, int64_t groups) {
  const ValueType wanted{DType::kI32, {groups}};
  require(c.in[size_t(i)].type() == wanted, "counts must be ", wanted, ", one a matrix, got ",
          c.in[size_t(i)].type());
}

int64_t checked_total(const int32_t* counts, int64_t groups, int64_t rows) {
  int64_t total = 0;
  for (int64_t g = 0; g < groups; ++g) {
    if (counts[g] < 0) throw RuntimeError(str("group ", g, " has ", counts[g], " rows"));
    total += counts[g];
  }
  if (total > rows) throw RuntimeError(str("groups of ", total, " rows share only ", rows));
  return total;
}

void multiply_f32(int64_t m, int64_t n, int64_t k, const float* a, bool transpose_a, const float* b,
                  bool transpose_b, float beta, float* y) {
  const dnnl_status_t status =
      dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1.0f, a,
                 transpose_a ? m : k, b, transpose_b ? k : n, beta, y, n);
  ensure(status == dnnl_success, "dnnl_sgemm of ", m, " x ", n, " x ", k, " failed");
}
}  // namespace cambium
