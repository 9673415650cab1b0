// Generation state: what a model has to keep of a sequence to go on with its next symbol: keys and
// values of attention, states of recurrences, the inputs under a convolution.
#pragma once
#include "train/spec/experiment.h"

namespace cambium {
struct GenerationState {
  int64_t context = 0;      // symbols after which it is as large as it gets
  int64_t bytes = 0;        // then, of one sequence; of an encoder's output, too
  int64_t fixed_bytes = 0;  // the part that is as large after the first symbol
  std::string needs_all;    // why every symbol needs the whole sequence again; else empty
};

// Nothing when the data asks for no answer at each symbol, or of a model that looks ahead.
std::optional<GenerationState> generation_state(const Experiment& e);

// Whether an update of a step graph adds to a cache that holds something of every symbol so far,
// which can be turned back to an earlier one; otherwise, as with the ring of a window, it is a
// state that only goes on.
bool is_cache(const Graph& g, const Update& u);
}  // namespace cambium
