#include "ops/support/embedding.h"

#include <algorithm>

#include "core/error.h"

namespace cambium {
void check_ids(const int32_t* ids, int64_t n, int64_t rows) {
  // An unsigned maximum sees negative ids too, and vectorises.
  uint32_t largest = 0;
  for (int64_t i = 0; i < n; ++i) largest = std::max(largest, uint32_t(ids[i]));
  if (n == 0 || int64_t(largest) < rows) return;
  const int32_t* bad =
      std::find_if(ids, ids + n, [rows](int32_t id) { return int64_t(uint32_t(id)) >= rows; });
  throw RuntimeError(
      str("id ", *bad, " at position ", bad - ids, " is outside the table's rows [0, ", rows, ")"),
      "the data has more kinds of tokens than the model; set the vocabulary to fit");
}
}  // namespace cambium
