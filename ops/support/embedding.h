// What embed and embed_grad share.
#pragma once
#include <cstdint>

namespace cambium {
// RuntimeError naming the first id outside [0, rows) and its place.
void check_ids(const int32_t* ids, int64_t n, int64_t rows);
}  // namespace cambium
