// Parts: what a Step is made of beside its training graph, each by one function.
#pragma once
#include "train/graphs/step_graph.h"

namespace cambium {
// Step::apply, from what the graph `training` accumulates; null where it updates by itself.
std::optional<Graph> apply_graph(const Experiment& e, const Graph& training);

std::optional<Graph> shares_graph(const Experiment& e);     // Step::shares
std::optional<Graph> curvature_graph(const Experiment& e);  // Step::curvature

StepCost cost_of(const Experiment& e, const Step& step);  // of its graphs
}  // namespace cambium
