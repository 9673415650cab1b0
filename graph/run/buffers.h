// Which values share memory: views, in-place results, and updates written straight into their
// state.
#pragma once
#include "graph/run/chains.h"

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

// `steps` lists the op nodes that run, in execution order. Fills inputs, store and constants of the
// plan. What only its own chain reads has no buffer (-1).
BufferPlan assign_buffers(Plan& plan, std::span<const StepNodes> steps);

// The op nodes that run: forward and backward by id, except that pointwise ops share steps when
// `chains` is on, then updates by id.
std::vector<StepNodes> execution_order(const Graph& g, bool chains, size_t& first_update);

// The lives of a graph's values in the arena, known without building a kernel; and the most bytes
// alive at once, which no placement can beat.
std::vector<Life> arena_lives(const Graph& g);
int64_t lower_bound_of(std::span<const Life> lives);
}  // namespace cambium
