// The only header that sees Eigen: row-major matrices of doubles over reference data.
#pragma once
#include <Eigen/Core>

#include "graph/op.h"

namespace cambium {
using MatrixF64 = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline Eigen::Map<const MatrixF64> matrix(const Ref& r, int64_t rows, int64_t columns,
                                          int64_t offset = 0) {
  return {r.data.data() + offset, rows, columns};
}

inline Eigen::Map<MatrixF64> matrix(Ref& r, int64_t rows, int64_t columns, int64_t offset = 0) {
  return {r.data.data() + offset, rows, columns};
}
}  // namespace cambium
