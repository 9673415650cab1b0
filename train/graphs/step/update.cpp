#include "train/graphs/step/update.h"

#include <algorithm>
#include <map>

#include "train/graphs/step/balance.h"
#include "train/graphs/step/parts.h"
#include "train/thaw/layer_decay.h"
#include "train/thaw/unfreeze.h"

namespace cambium {
namespace {
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

std::string sum_name(const std::string& parameter) {
  return "gradient_sum." + parameter;
}

constexpr const char* kScoredSum = "scored_sum";

// One over the sum; where nothing was scored and all gradients are 0, a large number.
Value emit_share(Graph& g, Value scored_sum) {
  return g.emit("div", {g.scalar(1), g.emit("maximum", {scored_sum, g.scalar(1e-30)})});
}
}  // namespace

namespace {
// The parameters that count the same updates, with what belongs to each.
struct Counted {
  std::vector<Value> parameters, gradients;
  std::vector<ParameterGroup> groups;
};

// By the rule of `unfreeze:` that let them learn, -1 where none had to.
std::map<int, Counted> by_counter(const Graph& g, const Experiment& e, const Counted& all) {
  Diagnostics reported;  // by check_unfreeze
  const std::vector<UnfreezeRule> rules = parse_unfreeze(e.spec, e.vars, reported);
  std::map<int, Counted> out;
  for (size_t i = 0; i < all.parameters.size(); ++i) {
    Counted& c = out[thawed_by(e, rules, g.node(all.parameters[i].node).scope.path)];
    c.parameters.push_back(all.parameters[i]);
    c.gradients.push_back(all.gradients[i]);
    c.groups.push_back(all.groups[i]);
  }
  return out;
}

std::vector<ParameterGroup> all_groups(const Experiment& e, std::span<const Value> parameters) {
  std::vector<ParameterGroup> groups = groups_of(e.train.groups, parameters);
  scale_steps(e, parameters, groups);
  std::vector<std::string> names;
  for (const Value p : parameters) names.push_back(p.graph->node(p.node).scope.path);
  const std::vector<double> layers = layer_scales(e, names);
  for (size_t i = 0; i < groups.size(); ++i) groups[i].lr_scale *= layers[i];
  return groups;
}
}  // namespace

void emit_update(Graph& g, const Experiment& e, const Gradients& d, Value norm, Value share) {
  const TrainSpec& train = e.train;
  ScopeGuard guard(g, {.path = "optimizer", .phase = Phase::kUpdate});
  const Value lr = g.input("lr", {DType::kF32, {}});
  std::map<int, Value> steps = {{-1, g.input("step", {DType::kI64, {}})}};
  Value scale = share ? share : g.scalar(1);
  std::vector<Value> gradients = d.gradients;
  if (train.options.clip > 0) {
    const Value clip = g.emit("clip_scale", {norm}, {{"max", train.options.clip}});
    scale = share ? g.emit("mul", {clip, share}) : clip;
  } else if (train.options.clip_value > 0) {
    gradients = clipped(g, gradients, share, train.options.clip_value);
    scale = g.scalar(1);
  }
  std::vector<const Node*> model;
  for (const Node& n : model_of(e, train.options.batch, true).graph.nodes())
    if (n.role == Role::kParameter) model.push_back(&n);
  const Counted all{d.parameters, std::move(gradients), all_groups(e, d.parameters)};
  for (const auto& [rule, c] : by_counter(g, e, all)) {
    Value& step = steps[rule];
    if (!step) step = g.input(step_input(rule), {DType::kI64, {}});
    const std::string suffix = rule < 0 ? "" : str(".unfreeze.", rule);
    train.optimizer.record->emit(
        train.optimizer.attrs, g,
        {c.parameters, c.gradients, lr, scale, step, c.groups, suffix, model});
    if (train.options.ema > 0) emit_averages(g, train.options.ema, c.parameters, step);
  }
}

void emit_accumulation(Graph& g, const Gradients& d, Value scored) {
  ScopeGuard guard(g, {.path = "accumulate", .phase = Phase::kUpdate});
  const auto add_to = [&](const std::string& name, Value v) {
    const Value sum = g.state(name, v.type());
    g.updates.push_back({sum.node, port_of(g.emit("add", {sum, v}))});
  };
  for (size_t i = 0; i < d.parameters.size(); ++i)
    add_to(sum_name(g.node(d.parameters[i].node).scope.path), d.gradients[i]);
  add_to(kScoredSum, scored);
}

std::optional<Graph> apply_graph(const Experiment& e, const Graph& training) {
  if (e.train.options.accumulate == 1) return std::nullopt;
  Graph g(training.ops());
  Gradients d;
  for (const Node& n : training.nodes()) {
    if (n.role != Role::kParameter) continue;
    const std::string sum = sum_name(n.scope.path);
    if (!training.find(Role::kState, sum)) continue;
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
  emit_update(g, e, d, norm, share);
  ScopeGuard guard(g, {.path = "accumulate", .phase = Phase::kUpdate});
  std::vector<Value> sums = d.gradients;
  sums.push_back(scored_sum);
  for (Value sum : sums)
    g.updates.push_back({sum.node, port_of(g.emit("scale", {sum}, {{"a", 0.0}}))});
  clear_shares(g, training);
  return g;
}
}  // namespace cambium
