// What the auxiliary losses of blocks must know of all batches of an update.
#include "train/graphs/step/backward.h"
#include "train/graphs/step/balance.h"
#include "train/graphs/step/parts.h"

namespace cambium {
std::optional<Graph> shares_graph(const Experiment& e) {
  const TrainOptions& o = e.train.options;
  if (o.accumulate == 1) return std::nullopt;
  Graph g = model_graph(e, o.batch, true);
  if (!has_balances(g)) return std::nullopt;
  g.updates.clear();  // running statistics move with the step itself
  const Scored scored = emit_trained(g, e.data->shape(o.batch));
  const LossValues values = emit_loss(e, scored, training_options(e));
  emit_shares(g, values.scored);
  g.outputs = {{"scored", port_of(values.scored)}};
  return g;
}
}  // namespace cambium
