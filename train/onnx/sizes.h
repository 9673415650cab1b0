// The sizes that a model is built at, for its export and for examples beside it.
#pragma once
#include "train/spec/experiment.h"

namespace cambium {
struct TraceSizes {
  int64_t batch, length, decoder;  // of a graph, `length` is the nodes of one; 0: there is none
};

bool has_length(const DataShape& s);        // tokens
bool is_padded_graphs(const DataShape& s);  // several in a batch, of one size by padding
int64_t length_of(const DataShape& s);

// The data's shape at these sizes.
DataShape shape_at(const Experiment& e, const TraceSizes& at);
}  // namespace cambium
