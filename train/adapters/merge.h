// Merge: what adapters learned, put into the model's own weights.
#pragma once
#include "train/adapters/adapt.h"

namespace cambium {
// A graph with an output for each adapted weight, named as it is: W with its adapter, made of
// parameters of the names that they have in the model. `model`: the adapted graph. UserError where
// a method of the spec does not merge.
Graph merging_graph(const AdaptSpec& spec, const Graph& model, const AdapterReport& report);

// The weights of an adapted model without adapters; sums are taken in double. UserErrors: without
// `adapt:`, or as above. A weight that several places share stays one tensor.
Tensors merged(const Experiment& e, const Tensors& weights);

// The spec without `adapt` and without `init`, whose weights the merged ones are made of.
Spec without_adapters(Spec spec);
}  // namespace cambium
