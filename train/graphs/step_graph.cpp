#include "train/graphs/step_graph.h"

#include <algorithm>

#include "blocks/auxiliary.h"
#include "core/rng.h"
#include "train/graphs/balance.h"
#include "train/graphs/chunked_loss.h"

namespace cambium {
namespace {
std::vector<Value> trained_parameters(Graph& g) {
  std::vector<Value> out;
  for (int id = 0; id < int(g.nodes().size()); ++id)
    if (g.node(id).role == Role::kParameter && !g.node(id).parameter.frozen)
      out.push_back(g.value({id, 0}));
  return out;
}

struct Gradients {
  std::vector<Value> parameters, gradients;  // only where a gradient flows
};

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

// The logits and targets that are scored.
Scored emit_scored(Graph& g, const DataShape& data) {
  ScopeGuard guard(g, {.path = "loss"});
  g.input(std::string(kTarget), data.target);
  return scored_head(g, data);
}

LossValues emit_loss(const Experiment& e, const Scored& s, const Args& more) {
  ScopeGuard guard(*s.output.graph, {.path = "loss"});
  if (const int64_t rows = loss_rows(e, s)) return emit_chunked_loss(s, rows, more, true).values;
  const Choice<Loss>& loss = e.train.loss;
  return loss.record->emit(loss.attrs, more, s);
}

// What a loss is told in training and evaluation.
Args options_of_data(const DataShape& data) {
  if (data.target_kind() != TargetKind::kSequences) return {};
  return {{"blank", int64_t(data.blank)}};
}

// What it is told in training.
Args training_options(const Experiment& e) {
  const TrainOptions& o = e.train.options;
  const DataShape data = e.data->shape(o.batch);
  if (data.target_kind() != TargetKind::kClasses) return options_of_data(data);
  return {{"label_smoothing", o.label_smoothing},
          {"z_loss", o.z_loss},
          {"class_weights", o.class_weights}};
}

// The outputs of an evaluation that are counted rather than lost.
void emit_counts(const Experiment& e, const LossInputs& s) {
  Graph& g = *s.output.graph;
  const TargetKind kind = e.data->shape(1).target_kind();
  if (kind == TargetKind::kClasses) {
    if (e.train.options.accuracy == "macro")
      g.outputs.push_back({"class_counts", port_of(g.emit("class_counts", {s.output, s.target}))});
    g.outputs.push_back({"correct", port_of(g.emit("accuracy", {s.output, s.target}))});
  }
  if (kind != TargetKind::kSequences) return;
  const Value errors = g.emit("ctc_errors", s.of_sequences(), options_of_data(e.data->shape(1)));
  for (int i = 0; const char* name : {"edits", "symbols", "correct", "sequences"})
    g.outputs.push_back({name, port_of(errors.nth(i++))});
}

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

// The value that the parameter will have after the step.
Value updated(Graph& g, Value parameter) {
  const auto found = std::ranges::find(g.updates, parameter.node, &Update::node);
  ensure(found != g.updates.end(), "no update of ", g.node(parameter.node).scope.path);
  return g.value(found->value);
}

// Moving averages of the new parameters, for evaluation.
void emit_averages(Graph& g, double decay, std::span<const Value> parameters, Value step) {
  const std::vector<Value> averages = moment_states(g, "average", parameters);
  std::vector<Value> inputs = {step};
  for (Value p : parameters) inputs.push_back(updated(g, p));
  inputs.insert(inputs.end(), averages.begin(), averages.end());
  update_each(g, averages, g.emit("ema_update", inputs, {{"decay", decay}}), 0);
}

// The gradients times `share`, where there is one, each number cut to at most `most` in size.
std::vector<Value> clipped(Graph& g, std::span<const Value> gradients, Value share, double most) {
  std::vector<Value> out;
  for (Value v : gradients) {
    if (share) v = g.emit("mul", {v, share});
    out.push_back(g.emit("clamp", {v}, {{"lo", -most}, {"hi", most}}));
  }
  return out;
}

// `share` f32 [] makes means of gradients that are sums; a null Value where they are means. `norm`
// is that of the means.
void emit_update(Graph& g, const TrainSpec& train, const Gradients& d, Value norm, Value share) {
  ScopeGuard guard(g, {.path = "optimizer", .phase = Phase::kUpdate});
  const Value lr = g.input("lr", {DType::kF32, {}}), step = g.input("step", {DType::kI64, {}});
  Value scale = share ? share : g.scalar(1);
  std::vector<Value> gradients = d.gradients;
  if (train.options.clip > 0) {
    const Value clip = g.emit("clip_scale", {norm}, {{"max", train.options.clip}});
    scale = share ? g.emit("mul", {clip, share}) : clip;
  } else if (train.options.clip_value > 0) {
    gradients = clipped(g, gradients, share, train.options.clip_value);
    scale = g.scalar(1);
  }
  const std::vector<ParameterGroup> groups = groups_of(train.groups, d.parameters);
  train.optimizer.record->emit(train.optimizer.attrs, g,
                               {d.parameters, gradients, lr, scale, step, groups});
  if (train.options.ema > 0) emit_averages(g, train.options.ema, d.parameters, step);
}

std::string sum_name(const Graph& g, Value parameter) {
  return "gradient_sum." + g.node(parameter.node).scope.path;
}

constexpr const char* kScoredSum = "scored_sum";

void emit_accumulation(Graph& g, const Gradients& d, Value scored) {
  ScopeGuard guard(g, {.path = "accumulate", .phase = Phase::kUpdate});
  const auto add_to = [&](const std::string& name, Value v) {
    const Value sum = g.state(name, v.type());
    g.updates.push_back({sum.node, port_of(g.emit("add", {sum, v}))});
  };
  for (size_t i = 0; i < d.parameters.size(); ++i)
    add_to(sum_name(g, d.parameters[i]), d.gradients[i]);
  add_to(kScoredSum, scored);
}

// One over the sum; where nothing was scored and all gradients are 0, a large number.
Value emit_share(Graph& g, Value scored_sum) {
  return g.emit("div", {g.scalar(1), g.emit("maximum", {scored_sum, g.scalar(1e-30)})});
}
}  // namespace

Graph training_graph(const Experiment& e) {
  const TrainOptions& o = e.train.options;
  Graph g = model_graph(e, o.batch, true);
  if (o.accumulate > 1 && has_balances(g)) g = with_shares(g);
  const Scored scored = emit_scored(g, e.data->shape(o.batch));
  const LossValues values = emit_loss(e, scored, training_options(e));
  const Gradients d =
      gradients_of(o.accumulate > 1 ? summed_objective(values) : objective(values.loss));
  const Value norm = emit_norm(g, d.gradients);
  g.outputs = {{"loss", port_of(values.loss)},
               {"scored", port_of(values.scored)},
               {"grad_norm", port_of(norm)}};
  if (o.accumulate == 1)
    emit_update(g, e.train, d, norm, {});
  else
    emit_accumulation(g, d, values.scored);
  return g;
}

std::optional<Graph> apply_graph(const Experiment& e) {
  const TrainOptions& o = e.train.options;
  if (o.accumulate == 1) return std::nullopt;
  const Graph step = training_graph(e);
  Graph g(step.ops());
  Gradients d;
  for (const Node& n : step.nodes()) {
    if (n.role != Role::kParameter) continue;
    const std::string sum = "gradient_sum." + n.scope.path;
    if (!step.find(Role::kState, sum)) continue;
    d.parameters.push_back(g.parameter(n.scope.path, n.outputs[0].shape, n.parameter));
    d.gradients.push_back(g.state(sum, n.outputs[0]));
  }
  const Value scored_sum = g.state(kScoredSum, {DType::kF32, {}});
  Value norm, share;
  {
    ScopeGuard guard(g, {.path = "loss", .phase = Phase::kBackward});
    share = emit_share(g, scored_sum);
    norm = g.emit("mul", {g.emit("global_norm", d.gradients), share});
  }
  g.outputs = {{"grad_norm", port_of(norm)}};
  emit_update(g, e.train, d, norm, share);
  ScopeGuard guard(g, {.path = "accumulate", .phase = Phase::kUpdate});
  std::vector<Value> sums = d.gradients;
  sums.push_back(scored_sum);
  for (Value sum : sums)
    g.updates.push_back({sum.node, port_of(g.emit("scale", {sum}, {{"a", 0.0}}))});
  clear_shares(g, step);
  return g;
}

std::optional<Graph> shares_graph(const Experiment& e) {
  const TrainOptions& o = e.train.options;
  if (o.accumulate == 1) return std::nullopt;
  Graph g = model_graph(e, o.batch, true);
  if (!has_balances(g)) return std::nullopt;
  g.updates.clear();  // running statistics move with the step itself
  const Scored scored = emit_scored(g, e.data->shape(o.batch));
  const LossValues values = emit_loss(e, scored, training_options(e));
  emit_shares(g, values.scored);
  g.outputs = {{"scored", port_of(values.scored)}};
  return g;
}

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
  return (step - 1) % optimizer.record->curvature->every(optimizer.attrs) == 0;
}

Graph evaluation_graph(const Experiment& e, int64_t batch) {
  Graph g = model_graph(e, batch, false);
  const DataShape data = e.data->shape(batch);
  const Scored scored = emit_scored(g, data);
  ScopeGuard guard(g, {.path = "loss"});
  if (const int64_t rows = loss_rows(e, scored)) {
    const ChunkedLoss chunked = emit_chunked_loss(scored, rows, options_of_data(data), false);
    g.outputs = {{"loss", port_of(chunked.values.loss)},
                 {"scored", port_of(chunked.values.scored)},
                 {"correct", port_of(chunked.correct)}};
  } else {
    const auto [loss, count] = emit_loss(e, scored, options_of_data(data));
    g.outputs = {{std::string(output_name(data)), port_of(scored.output)},
                 {"loss", port_of(loss)},
                 {"scored", port_of(count)}};
    emit_counts(e, scored);
  }
  g.updates.clear();
  return g;
}
}  // namespace cambium
