#include "train/graphs/step_graph.h"

#include "blocks/auxiliary.h"
#include "train/graphs/step/balance.h"
#include "train/graphs/step/parts.h"
#include "train/graphs/step/update.h"

namespace cambium {
namespace {
// What is trained on: the loss, and what blocks add to it.
Value objective(Value loss) {
  Graph& g = *loss.graph;
  ScopeGuard guard(g, {.path = "loss"});
  Value sum = loss;
  for (const Output& o : g.outputs)
    if (o.name == kAuxiliaryLoss) sum = g.emit("add", {sum, g.value(o.port)});
  return sum;
}

// The batch's part of that, times the weight that the whole update scores.
Value summed_objective(const LossValues& values) {
  Graph& g = *values.loss.graph;
  ScopeGuard guard(g, {.path = "loss"});
  return plus_balances(g.emit("mul", {values.loss, values.scored}));
}

Graph training_graph(const Experiment& e) {
  const TrainOptions& o = e.train.options;
  Graph g = model_graph(e, o.batch, true);
  if (o.accumulate > 1 && has_balances(g)) g = with_shares(g);
  const Scored scored = emit_trained(g, e.data->shape(o.batch));
  const LossValues values = emit_loss(e, scored, training_options(e));
  const Gradients d =
      gradients_of(o.accumulate > 1 ? summed_objective(values) : objective(values.loss));
  const Value norm = emit_norm(g, d.gradients);
  g.outputs = {{"loss", port_of(values.loss)},
               {"scored", port_of(values.scored)},
               {"grad_norm", port_of(norm)}};
  if (o.accumulate == 1)
    emit_update(g, e, d, norm, {});
  else
    emit_accumulation(g, d, values.scored);
  return g;
}

Step make_step(const Experiment& e) {
  Graph training = training_graph(e);
  std::optional<Graph> apply = apply_graph(e, training);
  Graph tidy = run_passes(training.clone(), training_pipeline());
  Step s{.training = std::move(training),
         .apply = std::move(apply),
         .shares = shares_graph(e),
         .curvature = curvature_graph(e),
         .evaluation = evaluation_graph(e, e.train.options.batch),
         .tidy = std::move(tidy)};
  s.cost = cost_of(e, s);
  return s;
}
}  // namespace

const Step& step_of(const Experiment& e) {
  std::shared_ptr<const Step>& kept = e.built.steps[e.train.options.batch];
  if (!kept) kept = std::make_shared<const Step>(make_step(e));
  return *kept;
}
}  // namespace cambium
