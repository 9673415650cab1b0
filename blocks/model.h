// Model: from the `model:` section of a spec and the shape of the data to a forward graph.
#pragma once
#include <optional>

#include "blocks/block.h"

namespace cambium {
// What one batch looks like (data/dataset.h's DataShape without the target).
struct InputShape {
  Domain domain = Domain::kTokens;
  ValueType x;          // ids i32 [B,T], tokens f32 [B,T,C], grid f32 [B,Y,X,C], nodes f32 [N,C]
  ValueType adjacency;  // kGraph only: [nodes, nodes, most edges]
  int64_t graphs = 1;   // kGraph: equal graphs in a batch
  std::optional<ValueType> mask;  // f32, one a node or token: 1 where something real is, 0 padding
};

// The graph's inputs "x" and, for graphs, "adjacency"; "mask" where the data is padded.
Stream build_input(Graph& graph, const InputShape& shape);

// Nodes in the graph whose named parameter is "<block>.<name>": of `linear: {tie: embed}`.
// UserError with the known names when there is none, or more than one.
Value find_parameter(Graph& graph, std::string_view block, std::string_view name);
}  // namespace cambium
