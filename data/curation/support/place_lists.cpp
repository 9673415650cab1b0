#include "data/curation/support/place_lists.h"

namespace cambium {
int64_t tasks_for(int64_t record_bytes) {
  constexpr int64_t kBytes = int64_t(16) << 20;
  return std::max<int64_t>(1, (record_bytes + kBytes - 1) / kBytes);
}
}  // namespace cambium
