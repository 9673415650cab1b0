// What a step costs, from its graphs.
#include "graph/cost.h"
#include "graph/passes/passes.h"
#include "train/graphs/step_graph.h"

namespace cambium {
StepCost step_cost(const Experiment& e) {
  const TrainOptions& o = e.train.options;
  const ScopeCost step = total_cost(run_passes(training_graph(e), training_pipeline()));
  const int64_t batch = o.batch;
  const ScopeCost forward = total_cost(model_of(e, batch, true).graph);
  StepCost cost{.parameters = forward.parameters,
                .flops_per_step = step.flops() * double(o.accumulate),
                .forward_flops_per_example = forward.forward_flops / double(batch),
                .products_per_step = step.products * double(o.accumulate),
                .forward_products_per_example = forward.forward_products / double(batch)};
  const auto add = [&](const ScopeCost& more, double share) {
    cost.flops_per_step += share * more.flops();
    cost.products_per_step += share * more.products;
  };
  if (const auto apply = apply_graph(e)) add(total_cost(*apply), 1);
  if (auto shares = shares_graph(e))
    add(total_cost(run_passes(std::move(*shares), training_pipeline())), double(o.accumulate));
  if (auto curvature = curvature_graph(e)) {
    const Choice<Optimizer>& optimizer = e.train.optimizer;
    add(total_cost(run_passes(std::move(*curvature), training_pipeline())),
        1 / double(optimizer.record->curvature->every(optimizer.attrs)));
  }
  return cost;
}

double evaluation_flops_per_example(const Experiment& e) {
  const int64_t batch = e.train.options.batch;
  return total_cost(evaluation_graph(e, batch)).flops() / double(batch);
}
}  // namespace cambium
