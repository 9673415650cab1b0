// The place of a token in caches of those before it: i32 [1,1].
#pragma once
#include "graph/op.h"
#include "ops/support/ids.h"

namespace cambium {
struct CacheWrite {
  bool ring = false;
  static constexpr auto fields = std::tuple{
      field("ring", &CacheWrite::ring, "token `position` takes the place of the one S before it")};
};

// UserError unless input `i` is a position.
inline void require_position(const Call& c, int i) {
  require(c.in[size_t(i)].type() == ValueType{DType::kI32, {1, 1}},
          "position must be i32 [1,1], got ", c.in[size_t(i)].type());
}

// RuntimeError for a position outside [0, context).
inline void check_position(std::string_view op, int64_t position, int64_t context) {
  check_ids(str(op, "'s position"), &position, 1, context);
}
}  // namespace cambium
