// Which values share memory: views, in-place results, and updates written straight into their
// state.
#pragma once
#include "graph/plan.h"

namespace cambium {
// A buffer is what one or more ports share. Store buffers hold a parameter or state for ever.
struct Buffer {
  Slot::Where where = Slot::kArena;
  int index = -1;  // into Plan::inputs, store or constants
  int64_t bytes = 0;
  int first = -1, last = -1;  // step numbers of the first write and the last read
};

struct BufferPlan {
  std::vector<Buffer> buffers;
  std::vector<std::vector<int>> buffer_of;  // node, output -> buffer
  std::vector<StateCopy> copies;  // `from` still lacks its offset; from.index is the buffer
};

// `order` lists the op nodes that run, in execution order. Fills inputs, store and constants of the
// plan.
BufferPlan assign_buffers(Plan& plan, std::span<const int> order);
}  // namespace cambium
