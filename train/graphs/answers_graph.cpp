#include "train/graphs/answers_graph.h"

#include <algorithm>

namespace cambium {
Graph answers_graph(const Experiment& e, int64_t batch) {
  Graph g = model_graph(e, batch, false);
  std::erase_if(g.outputs,
                [&](const Output& o) { return o.name != output_name(e.data->shape(batch)); });
  g.updates.clear();
  return g;
}

Graph answers_graph_of(const Experiment& e, const DataShape& shape) {
  Graph g = build_model_graph(e, shape, false).graph;
  std::erase_if(g.outputs, [&](const Output& o) { return o.name != output_name(shape); });
  g.updates.clear();
  return g;
}

int64_t answers_batch(const Experiment& e) {
  constexpr int64_t kAnswerBytes = int64_t{64} << 20;
  const ValueType one{DType::kF32, e.data->shape(1).output()};
  return std::clamp<int64_t>(kAnswerBytes / std::max<int64_t>(1, one.bytes()), 1,
                             e.train.options.batch);
}
}  // namespace cambium
