#include "train/onnx/sizes.h"

namespace cambium {
bool has_length(const DataShape& s) {
  return s.domain == Domain::kIds || s.domain == Domain::kTokens;
}

bool is_padded_graphs(const DataShape& s) {
  return s.domain == Domain::kGraph && s.masked;
}

int64_t length_of(const DataShape& s) {
  if (has_length(s)) return s.x.shape[1];
  return s.domain == Domain::kGraph ? s.x.shape[0] / s.graphs : 0;
}

static void set_rows(ValueType& v, int axis, int64_t from, int64_t to) {
  if (v.shape.rank() > axis && v.shape[axis] == from) v.shape.set(axis, to);
}

// The data's shape with sequences of `length` tokens, or graphs of as many nodes.
DataShape shape_at(const Experiment& e, const TraceSizes& at) {
  DataShape s = e.data->shape(at.batch);
  const int64_t was = length_of(s);
  if (has_length(s) && at.length != was) {
    const bool each = s.target_kind() != TargetKind::kSequences && !s.decoder;
    s.x.shape.set(1, at.length);
    if (each) set_rows(s.target, 1, was, at.length);
  }
  if (s.decoder && at.decoder > 0) {
    set_rows(s.target, 1, s.decoder->shape[1], at.decoder);
    s.decoder->shape.set(1, at.decoder);
  }
  if (s.domain == Domain::kGraph && at.length != was) {
    const int64_t nodes = s.x.shape[0], now = at.length * s.graphs;
    set_rows(s.target, 0, nodes, now);
    s.x.shape.set(0, now);
    s.adjacency.shape.set(0, now);
    s.adjacency.shape.set(1, now);
  }
  return s;
}

}  // namespace cambium
