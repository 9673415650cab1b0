// What a step costs, from its graphs.
#include "graph/cost.h"
#include "graph/passes/passes.h"
#include "train/graphs/step/parts.h"

namespace cambium {
namespace {
ScopeCost tidied_cost(const Graph& g) {
  return total_cost(run_passes(g.clone(), training_pipeline()));
}
}  // namespace

StepCost cost_of(const Experiment& e, const Step& step) {
  const TrainOptions& o = e.train.options;
  const auto batch = double(o.batch), accumulate = double(o.accumulate);
  const ScopeCost one = total_cost(step.tidy);
  const ScopeCost forward = total_cost(model_of(e, o.batch, true).graph);
  StepCost cost{.parameters = forward.parameters,
                .flops_per_step = one.flops() * accumulate,
                .forward_flops_per_example = forward.forward_flops / batch,
                .products_per_step = one.products * accumulate,
                .forward_products_per_example = forward.forward_products / batch,
                .evaluation_flops_per_example = total_cost(step.evaluation).flops() / batch};
  const auto add = [&](const ScopeCost& more, double share) {
    cost.flops_per_step += share * more.flops();
    cost.products_per_step += share * more.products;
  };
  if (step.apply) add(total_cost(*step.apply), 1);
  if (step.shares) add(tidied_cost(*step.shares), accumulate);
  if (step.curvature) {
    const Choice<Optimizer>& optimizer = e.train.optimizer;
    add(tidied_cost(*step.curvature),
        1 / double(optimizer.record->curvature->every(optimizer.attrs)));
  }
  return cost;
}
}  // namespace cambium
