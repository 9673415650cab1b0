// The model at its base sizes, and what follows from it for the steps of the model itself.
#include <algorithm>

#include "train/spec/experiment.h"

namespace cambium {
namespace {
UserError at_base_sizes(UserError error, const Mark& mark) {
  error.notes.push_back({"in the model at the base sizes of", mark});
  return error;
}

// Errors of the base say so: the model itself may be right.
Model build_base(const Experiment& base, const Mark& mark) {
  Diagnostics errors;
  try {
    return build_model_graph(base, std::max<int64_t>(1, base.train.options.batch), true);
  } catch (const UserErrors& all) {
    for (const UserError& e : all.all) errors.add(at_base_sizes(e, mark));
  } catch (const UserError& e) {
    errors.add(at_base_sizes(e, mark));
  }
  errors.throw_if_any();
  throw InternalError("a model at its base sizes failed without an error");
}

std::shared_ptr<const BaseModel> base_model(const Experiment& e) {
  Experiment base = e;
  base.spec = base_spec(e.spec, e.parameterisation);
  base.parameterisation = {};
  base.vars = vars_of(base.spec);
  const std::vector<std::string> own = base.vars.names();
  for (auto& [name, value] : e.data->vars())
    if (!std::ranges::count(own, name)) base.vars.set(name, value);
  const Model model = build_base(base, e.parameterisation.mark);
  BaseModel out;
  for (const Node& n : model.graph.nodes())
    if (n.role == Role::kParameter)
      out.weights.add(n.scope.path, {n.outputs[0].shape, n.parameter.init});
  for (const auto& [path, number] : model.numbers) out.numbers.add(path, number);
  return std::make_shared<const BaseModel>(std::move(out));
}
}  // namespace

std::optional<Scaling> scaling_of(const Experiment& e) {
  if (!e.parameterisation.scales()) return {};
  if (!e.built.base) e.built.base = base_model(e);
  const Parameterisation& p = *e.parameterisation.record;
  return Scaling{p.name, e.built.base.get(), p.weight, p.branch};
}

void scale_steps(const Experiment& e, std::span<const Value> parameters,
                 std::vector<ParameterGroup>& groups) {
  if (!e.parameterisation.scales()) return;
  const Model& model = model_of(e, e.train.options.batch, true);
  for (size_t i = 0; i < parameters.size(); ++i) {
    const std::string& name = parameters[i].graph->node(parameters[i].node).scope.path;
    const StepFactors f =
        e.parameterisation.record->steps(e.train.optimizer.record->steps, model.growth.at(name));
    groups[i].lr_scale *= f.rate;
    groups[i].decay_scale *= f.decay;
    groups[i].eps_scale *= f.eps;
  }
}
}  // namespace cambium
