// The estimate of the curvature, for optimizers that want one.
#include "core/rng.h"
#include "train/graphs/step/backward.h"
#include "train/graphs/step/parts.h"
#include "train/thaw/unfreeze.h"

namespace cambium {
std::optional<Graph> curvature_graph(const Experiment& e) {
  const Choice<Optimizer>& optimizer = e.train.optimizer;
  if (!optimizer.record->curvature) return std::nullopt;
  const int64_t batch = e.train.options.batch;
  Graph g = model_graph(e, batch, true);
  g.updates.clear();  // running statistics move with the step itself
  const Scored scored = emit_scored(g, e.data->shape(batch));
  Value loss;
  {
    ScopeGuard guard(g, {.path = "loss"});
    const auto known = g.find(Role::kInput, "rng");
    const Value rng = known ? g.value({*known, 0}) : g.input("rng", {DType::kI64, {2}});
    const Value drawn = g.emit("sample_classes", {scored.output, scored.target, rng},
                               {{"stream", int64_t(stream_of("curvature"))}});
    loss = g.emit("cross_entropy", {scored.output, drawn});
  }
  const Gradients d = gradients_of(loss);
  const Value norm = emit_norm(g, d.gradients);
  g.outputs = {{"loss", port_of(loss)}, {"grad_norm", port_of(norm)}};
  ScopeGuard guard(g, {.path = "optimizer", .phase = Phase::kUpdate});
  optimizer.record->curvature->emit(optimizer.attrs, g, {d.parameters, d.gradients, loss.nth(2)});
  return g;
}

bool estimates_curvature(const Experiment& e, int64_t step) {
  const Choice<Optimizer>& optimizer = e.train.optimizer;
  if (!optimizer.record->curvature) return false;
  const std::vector<ThawPhase> phases = phases_of(e, e.total_steps());
  const int64_t begin = phases[phase_at(phases, step)].begin;
  return (step - begin - 1) % optimizer.record->curvature->every(optimizer.attrs) == 0;
}
}  // namespace cambium
