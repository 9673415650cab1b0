#include "train/graphs/step/backward.h"

#include "train/graphs/step/chunked_loss.h"

namespace cambium {
namespace {
std::vector<Value> trained_parameters(Graph& g) {
  std::vector<Value> out;
  for (int id = 0; id < int(g.nodes().size()); ++id)
    if (g.node(id).role == Role::kParameter && !g.node(id).parameter.frozen)
      out.push_back(g.value({id, 0}));
  return out;
}
}  // namespace

Scored emit_scored(Graph& g, const DataShape& data) {
  ScopeGuard guard(g, {.path = "loss"});
  g.input(std::string(kTarget), data.target);
  return scored_head(g, data);
}

Scored emit_trained(Graph& g, const DataShape& data) {
  Scored scored = emit_scored(g, data);
  if (data.group_weights.empty()) return scored;
  ScopeGuard guard(g, {.path = "loss"});
  ensure(scored.target.shape() == data.target.shape, "groups are of all targets");
  scored.group = g.input(std::string(kGroup), {DType::kI32, data.target.shape});
  return scored;
}

Args options_of_data(const DataShape& data) {
  if (data.target_kind() != TargetKind::kSequences) return {};
  return {{"blank", int64_t(data.blank)}};
}

Args training_options(const Experiment& e) {
  const TrainOptions& o = e.train.options;
  const DataShape data = e.data->shape(o.batch);
  if (data.target_kind() != TargetKind::kClasses) return options_of_data(data);
  return {{"label_smoothing", o.label_smoothing},
          {"z_loss", o.z_loss},
          {"class_weights", o.class_weights},
          {"group_weights", data.group_weights}};
}

LossValues emit_loss(const Experiment& e, const Scored& s, const Args& more) {
  ScopeGuard guard(*s.output.graph, {.path = "loss"});
  if (const int64_t rows = loss_rows(e, s)) return emit_chunked_loss(s, rows, more, true).values;
  const Choice<Loss>& loss = e.train.loss;
  return loss.record->emit(loss.attrs, more, s);
}

Gradients gradients_of(Value loss) {
  const std::vector<Value> all = trained_parameters(*loss.graph);
  const std::vector<Value> d = grad(loss, all);
  Gradients out;
  for (size_t i = 0; i < all.size(); ++i) {
    if (!d[i]) continue;
    out.parameters.push_back(all[i]);
    out.gradients.push_back(d[i]);
  }
  if (out.parameters.empty())
    throw UserError("the model has nothing to train: no parameter reaches the loss");
  return out;
}

Value emit_norm(Graph& g, const std::vector<Value>& gradients) {
  ScopeGuard guard(g, {.path = "loss", .phase = Phase::kBackward});
  return g.emit("global_norm", gradients);
}
}  // namespace cambium
